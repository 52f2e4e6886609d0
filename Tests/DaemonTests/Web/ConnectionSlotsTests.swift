import Testing

@testable import Daemon

@Suite("Which connection a request goes by")
struct ConnectionSlotsTests {
  @Test("The first that has room; where none has, it waits")
  func first() {
    var slots = ConnectionSlots()
    var taken: [ConnectionSlots.Slot] = []
    while let slot = slots.take() { taken.append(slot) }
    #expect(taken.count == ConnectionSlots.connections * ConnectionSlots.requestsOnEach)
    #expect(taken.prefix(ConnectionSlots.requestsOnEach).allSatisfy { $0.index == 0 })
    #expect(slots.give(taken[0], timedOut: false) == nil)
    #expect(slots.take()?.index == 0 && slots.take() == nil)
  }

  @Test("One that does not answer several times in a row is replaced, and ends with its last request")
  func replaced() {
    var slots = ConnectionSlots()
    let taken = (0...ConnectionSlots.mostTimeouts).compactMap { _ in slots.take() }
    for slot in taken.dropFirst().dropLast() { #expect(slots.give(slot, timedOut: true) == nil) }
    #expect(slots.give(taken[0], timedOut: true) == nil)
    #expect(slots.take()?.generation == 1)
    #expect(!slots.isIdle)
    #expect(slots.give(taken[ConnectionSlots.mostTimeouts], timedOut: false) == taken[0])
  }

  @Test("An answer between them keeps it")
  func kept() {
    var slots = ConnectionSlots()
    for _ in 0..<10 {
      for timedOut in [true, true, false] {
        guard let slot = slots.take() else { Issue.record("there is room"); return }
        #expect(slots.give(slot, timedOut: timedOut) == nil)
      }
    }
    #expect(slots.take()?.generation == 0)
  }
}

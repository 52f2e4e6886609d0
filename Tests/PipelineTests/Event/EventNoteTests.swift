import Testing

@testable import Pipeline

@Suite("What stages leave on an event")
struct EventNoteTests {
  private enum First: EventKey { typealias Value = String }
  private enum Second: EventKey { typealias Value = [Int] }
  /// The same type of value under another name.
  private enum Third: EventKey { typealias Value = String }

  private let event = Event(
    .typing, connection: Connection(id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "::1"))

  @Test("Each key has its value, the last that was left, until it is taken away")
  func values() {
    var event = event
    #expect(event[First.self] == nil)
    event[First.self] = "a"
    event[Second.self] = [1]
    event[Third.self] = "b"
    #expect(event[First.self] == "a" && event[Second.self] == [1] && event[Third.self] == "b")
    event[First.self] = "c"
    #expect(event[First.self] == "c" && event[Second.self] == [1] && event[Third.self] == "b")
    event[Second.self] = nil
    #expect(event[First.self] == "c" && event[Second.self] == nil && event[Third.self] == "b")
    event[Second.self] = nil
    event[First.self] = nil
    event[Third.self] = nil
    #expect(event.content.notes == nil)
  }

  @Test("A copy has what the event had, and what is left on one is not on the other")
  func copies() {
    var event = event
    event[First.self] = "a"
    event[Second.self] = [1]
    var copy = event
    copy[First.self] = "b"
    copy[Second.self]?.append(2)
    event[Third.self] = "c"
    #expect(event[First.self] == "a" && event[Second.self] == [1])
    #expect(copy[First.self] == "b" && copy[Second.self] == [1, 2] && copy[Third.self] == nil)
    var other = self.event
    other.keepNotes(of: event)
    #expect(other[First.self] == "a" && other[Third.self] == "c")
    other.keepNotes(of: self.event)
    #expect(other[First.self] == "a")
  }

  @Test("A value lives as long as its event")
  func lifetimes() {
    enum Held: EventKey { typealias Value = Box }
    weak var value: Box?
    do {
      var event = event
      let box = Box()
      value = box
      event[Held.self] = box
      event[First.self] = "a"
      #expect(value != nil)
    }
    #expect(value == nil)
  }

  private final class Box: Sendable {}
}

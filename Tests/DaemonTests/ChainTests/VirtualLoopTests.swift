import Pipeline
import Synchronization
import Testing

@testable import Daemon

@Suite("The clock of a test")
struct VirtualLoopTests {
  private let loop = VirtualLoop(beginning: Timestamp(milliseconds: 1_767_268_800_000))

  @Test("Calls come in the order in which they are due, each at its moment, and none before")
  func order() async {
    let calls = Mutex<[String]>([])
    let loop = loop
    @Sendable func note(_ name: String) { calls.withLock { $0.append("\(name) \(loop.clock.wall())") } }
    loop.after(.seconds(2)) { note("second") }
    loop.after(.seconds(1)) {
      note("first")
      loop.after(.milliseconds(500)) { note("set meanwhile") }
    }
    loop.after(.seconds(3)) { note("too late") }
    await loop.advance(by: .milliseconds(2500))
    #expect(
      calls.withLock { $0 } == [
        "first 2026-01-01T12:00:01.000Z", "set meanwhile 2026-01-01T12:00:01.500Z",
        "second 2026-01-01T12:00:02.000Z",
      ])
    #expect(loop.clock.wall().description == "2026-01-01T12:00:02.500Z")
  }

  @Test("Calls that are due together come in the order in which they were asked for")
  func together() async {
    let calls = Mutex<[Int]>([])
    for number in 1...3 { loop.after(.seconds(1)) { calls.withLock { $0.append(number) } } }
    await loop.advance(by: .seconds(1))
    #expect(calls.withLock { $0 } == [1, 2, 3])
  }

  @Test("Whoever drives it is its thread, and runs what is handed over meanwhile")
  func driving() {
    let ran = Mutex(false)
    #expect(!loop.isCurrent)
    loop.drive { loop.execute { ran.withLock { $0 = loop.isCurrent } } }
    #expect(ran.withLock { $0 })
    #expect(!loop.isCurrent)
  }

  @Test("What is handed over from elsewhere ends the wait")
  func waiting() async {
    let loop = loop
    Task { loop.execute {} }
    let start = ContinuousClock.now
    await loop.idle(atMost: .seconds(60))
    #expect(ContinuousClock.now < start + .seconds(50))
    loop.drive {}
    await loop.idle(atMost: .milliseconds(1))
  }
}

import Synchronization
import Testing

@testable import Daemon

@Suite("Work that may hang is waited for no longer than so long")
struct DeadlineTests {
  @Test("What ends in time is given back, thrown or not")
  func inTime() async throws {
    #expect(
      try await Deadline.run(within: .seconds(60)) {
        7
      } late: { _ in
      } == 7)
    await #expect(throws: CommandError.self) {
      try await Deadline.run(within: .seconds(60)) {
        throw CommandError("no")
      } late: { (_: Int) in
      }
    }
  }

  @Test("What does not is cancelled, and its result goes to whoever looks after the late")
  func late() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    await #expect(throws: Deadline.Passed.self) {
      try await Deadline.run(within: .milliseconds(1)) {
        // As a stage would that does not look for its cancellation.
        while !Task.isCancelled { await Task.yield() }
        return 7
      } late: { value in
        continuation.yield(value)
      }
    }
    var values = stream.makeAsyncIterator()
    #expect(await values.next() == 7)
  }
}

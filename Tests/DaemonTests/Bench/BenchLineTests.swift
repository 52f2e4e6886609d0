import NIOCore
import NIOEmbedded
import Testing

@testable import Daemon

@Suite("Clients that wait to be connected")
struct BenchLineTests {
  private let loop = EmbeddedEventLoop()

  @Test("So many are connected at a time; as one is, the next follows, until all are")
  func inTurn() throws {
    var begun: [EventLoopPromise<Void>] = []
    let line = BenchLine(Array(0..<5), on: loop) { number in
      #expect(number == begun.count)
      begun.append(loop.makePromise())
      return begun[number].futureResult
    }
    var isDone = false
    let done = line.begin(2)
    done.assumeIsolated().whenSuccess { isDone = true }
    #expect(begun.count == 2)
    begun[1].succeed()
    #expect(begun.count == 3)
    begun[0].succeed()
    begun[2].succeed()
    #expect(begun.count == 5)
    begun[4].succeed()
    #expect(!isDone)
    begun[3].succeed()
    #expect(isDone)
  }

  @Test("The first who can't be connected ends it", arguments: [false, true])
  func failure(isThrown: Bool) {
    var begun: [EventLoopPromise<Void>] = []
    let line = BenchLine(Array(0..<9), on: loop) { number in
      if isThrown, number == 2 { throw CommandError("no token") }
      begun.append(loop.makePromise())
      return begun[number].futureResult
    }
    let done = line.begin(2)
    if isThrown { begun[0].succeed() } else { begun[0].fail(CommandError("refused")) }
    #expect(throws: CommandError.self) { try done.wait() }
    begun[1].succeed()
    #expect(begun.count == 2)
  }

  @Test("Nobody is connected at once")
  func nobody() throws {
    try BenchLine([], on: loop) { _ in loop.makeSucceededVoidFuture() }.begin(3).wait()
  }
}

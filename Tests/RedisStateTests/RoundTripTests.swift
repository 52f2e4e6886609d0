import NIOCore
import NIOPosix
import Pipeline
@testable import RedisState
import Services
import Synchronization
import Testing

@Suite("Round trips to Redis")
struct RoundTripTests {
  /// A node whose heartbeat does not mix into what is counted.
  private static func node(
    _ server: RedisServer, _ group: MultiThreadedEventLoopGroup
  ) async throws -> TestNode {
    var options = TestNode.options
    options.lease = .seconds(300)
    options.heartbeat = nil
    return try await TestNode(server.url(), group: group, options: options)
  }

  /// Runs a turn of a loop, and waits for as many answers as it asks for.
  private static func turn(
    on loop: any EventLoop, answers: Int, _ body: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) async {
    let missing = Atomic(answers)
    let done = loop.makePromise(of: Void.self)
    loop.execute {
      body { if missing.subtract(1, ordering: .relaxed).newValue == 0 { done.succeed() } }
    }
    _ = await done.futureResult.outcome()
  }

  @Test("a batch of 64 events costs two commands in two round trips, and remembering them no more than one")
  func batch() async throws {
    let server = try await RedisServer()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let node = try await Self.node(server, group)
    let events = 64
    let requests = (0..<events).map {
      AdmissionRequest(scope: "rate_limit", subject: "user\($0)", interval: 20_000_000, burst: 100)
    }
    let keys = (0..<events).map { SendKey(scope: "dedup", senderID: "user\($0)", tempID: "t") }
    let sends = keys.map { ($0, SentMessage(id: MessageID(rawValue: 1), digest: 2)) }
    // A heartbeat may mix into one try, but not into all.
    try await eventually("a batch costs as little as it should") {
      let before = node.state.figures
      _ = try await node.state.admit(requests)
      _ = try await node.state.recall(keys)
      let decided = node.state.figures
      node.state.remember(sends, for: .seconds(60))
      _ = try await node.state.recall(keys)
      let after = node.state.figures
      return decided.flushes - before.flushes == 2 && decided.commands - before.commands == 2
        && after.flushes - decided.flushes <= 2 && after.commands - decided.commands == events + 1
    }
    #expect(node.state.figures.failures == 0)
    await node.state.close()
    try await group.shutdownGracefully()
  }

  @Test("all that one turn of a loop asks goes out in one flush", arguments: [0, 1])
  func turns(place: Int) async throws {
    let server = try await RedisServer()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let node = try await Self.node(server, group)
    let loops = Array(group.makeIterator())
    // A heartbeat may mix into one try, but not into all.
    try await eventually("a turn costs one flush") {
      let before = node.state.figures
      await Self.ask(node, on: loops[place])
      let after = node.state.figures
      return after.flushes - before.flushes == 1 && after.commands - before.commands == 300
    }
    await node.state.close()
    try await group.shutdownGracefully()
  }

  /// Asks three hundred questions in one turn, and waits for the answers.
  private static func ask(_ node: TestNode, on loop: any EventLoop) async {
    await turn(on: loop, answers: 300) { answered in
      for number in 0..<100 {
        let request = AdmissionRequest(scope: "l", subject: "u\(number)", interval: 1, burst: 1)
        node.state.admit([request]) { _ in answered() }
        node.state.recall([SendKey(scope: "d", senderID: "u", tempID: "\(number)")]) { _ in answered() }
        node.state.presence(of: ["u\(number)"]) { _ in answered() }
      }
    }
  }
}

import Foundation
import NIOCore
import NIOPosix
import Pipeline
@testable import RedisState
import Services
import Synchronization
import Testing

@Suite("Outages of Redis")
struct OutageTests {
  private static let key = SendKey(scope: "dedup", senderID: "alice", tempID: "1")

  @Test("killed and started again: calls fail at once, then presence is back without a restart")
  func killed() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    try await node.connect("alice", 1)
    server.kill()
    try await eventually("the loss is noticed") { !node.state.figures.isConnected }
    let began = ContinuousClock.now
    await #expect(throws: StateError.self) { try await node.state.recall([Self.key]) }
    #expect(await !node.state.send([(NodeID.random(), [1])]))
    #expect(ContinuousClock.now - began < .seconds(5))
    try await server.start()
    try await eventually("presence is back") {
      guard node.state.figures.isConnected else { return false }
      return (try? await node.state.presence(of: ["alice"])[0].isOnline) == true
    }
    #expect(node.state.figures.reconnects > 0)
    try await eventually("the interruption was told") { node.interruptions >= 1 }
    await node.state.close()
  }

  @Test("held: calls fail within the timeout, then it goes on")
  func paused() async throws {
    let server = try await RedisServer()
    var options = TestNode.options
    options.timeout = .milliseconds(300)
    let node = try await TestNode(server.url(), options: options)
    server.pause()
    let began = ContinuousClock.now
    await #expect(throws: StateError.self) { try await node.state.recall([Self.key]) }
    #expect(ContinuousClock.now - began < .seconds(5))
    server.resume()
    try await eventually("it answers") { (try? await node.state.recall([Self.key])) == [nil] }
    try await eventually("it is connected") { node.state.figures.isConnected }
    await node.state.close()
  }

  @Test("flushed: the lease and presence are written again, of all who are connected")
  func flushed() async throws {
    let server = try await RedisServer()
    let (node, other) = (try await TestNode(server.url()), try await TestNode(server.url()))
    for device in 0..<600 { try await node.connect("user\(device)", UInt64(device)) }
    try server.ask("FLUSHALL")
    try await eventually("presence is back") {
      let users = (0..<600).map { "user\($0)" }
      return try await other.state.nodes(holding: users).allSatisfy { $0 == [node.id] }
    }
    #expect(try await !node.state.arrive("user7", 7))
    await node.state.close()
    await other.state.close()
  }

  @Test(
    "flushed, and a user's next device comes before that is noticed: nothing is sent here before that is told"
  )
  func flushedUnnoticed() async throws {
    let server = try await RedisServer()
    var options = TestNode.options
    options.lease = .seconds(300)
    options.heartbeat = .seconds(60)
    let node = try await TestNode(server.url(), options: options)
    #expect(try await node.connect("alice", 1))
    #expect(try await !node.connect("alice", 2))
    let key = node.state.keys.user("alice")
    let devices = Mutex<[String]>([])
    node.whenInterrupted.withLock {
      $0 = {
        let count = (try? server.ask("HLEN", key)) ?? "none"
        devices.withLock { $0.append(count) }
      }
    }
    // The server ends with its owner, and nodes may outlive their tests.
    defer { node.whenInterrupted.withLock { $0 = nil } }
    try server.ask("FLUSHALL")
    #expect(try await !node.connect("alice", 3))
    #expect(devices.withLock { $0.first } == "0")
    try await eventually("it is over") { node.interruptions >= 1 }
    // Those who stayed were written again, beside the one that came.
    for device in 1...2 as ClosedRange<UInt64> { #expect(try await !node.disconnect("alice", device)) }
    #expect(try await node.disconnect("alice", 3))
    await node.state.close()
  }

  @Test("scripts forgotten: they are told again, and nothing fails")
  func scriptsFlushed() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    for _ in 0..<3 {
      try server.ask("SCRIPT", "FLUSH")
      #expect(try await node.state.arrive("bob", 1))
      #expect(try await node.state.admit([request("bob")]) == [.admitted])
      #expect(try await node.state.depart("bob", 1))
      #expect(try await node.state.lapse("bob", after: .zero) != nil)
    }
    await node.state.close()
  }

  @Test("devices that went meanwhile are taken away, and their users told of")
  func missedDepartures() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    try await node.connect("alice", 1)
    try await node.connect("bob", 2)
    node.loseQuietly("bob")
    try server.ask("CLIENT", "KILL", "TYPE", "normal")
    try await eventually("bob is told of") { node.abandoned.contains("bob") }
    #expect(!node.abandoned.contains("alice"))
    #expect(try await node.state.lapse("bob", after: .zero) != nil)
    #expect(try await node.state.presence(of: ["alice", "bob"]).map(\.isOnline) == [true, false])
    await node.state.close()
  }

  @Test("what awaits an answer is bounded: beyond, calls fail at once, and then it goes on")
  func bounded() async throws {
    let server = try await RedisServer()
    var options = TestNode.options
    options.commandsOutstandingMax = 100
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let node = try await TestNode(server.url(), group: group, options: options)
    server.pause()
    let failures = await withTaskGroup(of: Bool.self) { tasks in
      for _ in 0..<300 {
        tasks.addTask { (try? await node.state.recall([Self.key])) == nil }
      }
      var failures = 0
      for await failed in tasks {
        if failed { failures += 1 }
        if failures == 200 { server.resume() }
      }
      return failures
    }
    #expect(failures >= 200 && failures < 300)
    #expect(try await node.state.recall([Self.key]) == [nil])
    await node.state.close()
    try await group.shutdownGracefully()
  }

  @Test("a connection that is no Redis is refused in a line")
  func stranger() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let listener = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.execute {
          channel.writeAndFlush(channel.allocator.buffer(string: "SSH-2.0-x\r\n"), promise: nil)
        }
        return channel.eventLoop.makeSucceededVoidFuture()
      }
      .bind(host: "127.0.0.1", port: 0).outcome().get()
    let url = try RedisURL("redis://127.0.0.1:\(listener.localAddress?.port ?? 0)")
    let fault = await RedisState.check(url, options: TestNode.options)
    #expect(fault?.hasPrefix("what answers is not a Redis") == true, "\(fault ?? "")")
    _ = await listener.close().outcome()
  }

  private func request(_ subject: String) -> AdmissionRequest {
    AdmissionRequest(scope: "limit", subject: subject, interval: 1_000, burst: 5)
  }
}

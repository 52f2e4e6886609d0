import ContractTests
import NIOPosix
import Pipeline
import Services
import Synchronization
import Testing

@_spi(Testing) @testable import RedisState

@Suite("A cluster of Redis")
struct ClusterTests {
  @Test(
    "has its keys in slots by their tags",
    arguments: [
      ("123456789", 0x31C3), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}b{x}", 12_182), ("", 0),
    ])
  func slots(key: String, slot: Int) { #expect(HashSlot.of(key.utf8) == slot % 16_384) }

  @Test("with an empty tag, or none that ends, counts the whole key")
  func tags() {
    #expect(HashSlot.of("{}foo".utf8) != HashSlot.of("foo".utf8))
    #expect(HashSlot.of("{foo".utf8) != HashSlot.of("foo".utf8))
  }

  @Test("tells where a command has to go")
  func redirections() {
    let moved = Redirection("MOVED 3999 10.0.0.1:7000", from: "h")
    #expect(
      moved?.slot == 3999 && moved?.server == .init(host: "10.0.0.1", port: 7000) && moved?.isOnce == false)
    let ask = Redirection("ASK 1 :7001", from: "h")
    #expect(ask?.server == .init(host: "h", port: 7001) && ask?.isOnce == true)
    #expect(Redirection("MOVED 99999 a:1", from: "h") == nil && Redirection("ERR no", from: "h") == nil)
  }

  @Test("tells who owns which slots")
  func maps() {
    func server(_ host: String, _ port: Int64) -> RESPValue {
      .array([.string(Array(host.utf8)), .integer(port), .string([])])
    }
    let reply = RESPValue.array([
      .array([.integer(0), .integer(8191), server("a", 1), server("c", 3)]),
      .array([.integer(8192), .integer(16_383), server("", 2)]),
    ])
    let map = SlotMap(reply, from: "h")
    #expect(map?.isWhole == true && map?.servers == [.init(host: "a", port: 1), .init(host: "h", port: 2)])
    #expect(map?[8191]?.host == "a" && map?[8192]?.port == 2)
    #expect(SlotMap(.array([.array([.integer(0), .integer(99_999), server("a", 1)])]), from: "h") == nil)
    #expect(SlotMap(.array([]), from: "h")?.isWhole == false)
  }

  @Test("keeps the contract, follows slots that move, and takes frames to other nodes")
  func whole() async throws {
    let cluster = try await RedisCluster()
    let runs = Atomic(0)
    let contract = SharedStateContract {
      let held = GrowingDuration()
      var options = TestNode.options
      options.namespace = "run\(runs.add(1, ordering: .relaxed).newValue)"
      options.timeOffset = { held.value }
      let state = try await RedisState(
        url: cluster.url(), group: MultiThreadedEventLoopGroup.singleton, node: .random(),
        logger: TestNode.quiet, options: options)
      return SharedStateContract.Subject(state) { duration in
        held.add(duration)
        for server in cluster.servers {
          _ = try? server.ask("EVAL", RedisStateContractTests.age, "0", "\(duration.wholeMilliseconds)")
        }
      }
    }
    #expect(await RedisState.check(try cluster.url(), options: TestNode.options) == nil)
    let single = try RedisURL("redis://127.0.0.1:\(cluster.servers[0].port)")
    #expect(
      await RedisState.check(single, options: TestNode.options)
        == "this is a cluster, which redis+cluster:// is for")
    try await contract.limitsRates()
    try await contract.limitsInOneCall()
    try await contract.limitsConcurrently()
    try await contract.remembersSends()
    try await contract.keepsPresence()
    try await follow(cluster)
    try await frames(cluster)
    try await outage(cluster)
  }

  @Test("goes on with the replica of a master that has died")
  func failover() async throws {
    let cluster = try await RedisCluster(withReplica: true)
    let node = try await TestNode(cluster.url())
    // The slots of both are the dead master's.
    let (user, key) = ("foo", SendKey(scope: "dedup", senderID: "foo", tempID: "1"))
    let message = SentMessage(id: MessageID(rawValue: 7), digest: 9)
    try await node.connect(user, 1)
    node.state.remember([(key, message)], for: .seconds(60))
    #expect(try await node.state.recall([key]) == [message])
    try await eventually("the replica has it") {
      func offset(_ server: RedisServer, _ name: String) throws -> Substring? {
        try server.ask("INFO", "replication").split(whereSeparator: \.isNewline).first {
          $0.hasPrefix("\(name):")
        }?
        .drop { $0 != ":" }
      }
      return try offset(cluster.servers[2], "master_repl_offset")
        == offset(cluster.servers[3], "slave_repl_offset")
    }
    cluster.servers[2].kill()
    try await eventually("the replica is the master") {
      try cluster.servers[3].ask("ROLE").contains("master")
    }
    try await eventually("it is used") { node.state.figures.isConnected }
    #expect(try await node.state.presence(of: [user]).map(\.isOnline) == [true])
    #expect(try await node.state.recall([key]) == [message])
    #expect(try await node.state.arrive(user, 2) == false)
    await node.state.close()
  }

  /// A server that dies and comes back empty.
  private func outage(_ cluster: RedisCluster) async throws {
    let node = try await TestNode(cluster.url())
    let users = (0..<30).map { "user\($0)" }
    for user in users { try await node.connect(user, 1) }
    let server = cluster.servers[2]
    server.kill()
    try await eventually("the loss is noticed") { !node.state.figures.isConnected }
    try await server.start()
    try await eventually("all are there again") {
      guard let records = try? await node.state.presence(of: users) else { return false }
      return records.allSatisfy(\.isOnline)
    }
    try await eventually("it is whole") { node.state.figures.isConnected }
    await node.state.close()
  }

  /// A slot that is moving, and one that has moved.
  private func follow(_ cluster: RedisCluster) async throws {
    let node = try await TestNode(cluster.url())
    let key = SendKey(scope: "dedup", senderID: "foo", tempID: "1")
    let slot = 12_182
    let (from, to) = (cluster.owner(of: slot), cluster.servers[0])
    let message = SentMessage(id: MessageID(rawValue: 7), digest: 9)
    let (source, target) = (try cluster.id(of: from), try cluster.id(of: to))
    try to.ask("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", source)
    try from.ask("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", target)
    node.state.remember([(key, message)], for: .seconds(60))
    #expect(try await node.state.recall([key]) == [message])
    #expect(try await node.state.arrive("foo", 1))
    for server in [to, from] { try server.ask("CLUSTER", "SETSLOT", "\(slot)", "NODE", target) }
    #expect(try await node.state.recall([key]) == [message])
    #expect(try await node.state.presence(of: ["foo", "bar"]).map(\.isOnline) == [true, false])
    #expect(node.state.figures.failures == 0)
    await node.state.close()
  }

  private func frames(_ cluster: RedisCluster) async throws {
    let first = try await TestNode(cluster.url())
    let second = try await TestNode(cluster.url())
    try await eventually("they know each other") {
      first.state.others == [second.id] && second.state.others == [first.id]
    }
    for number in 0..<100 { first.state.send([(second.id, [UInt8(number)])]) { _ in } }
    try await eventually("all have come") { second.frames.count == 100 }
    #expect(second.frames.map { $0.bytes[0] } == Array(0..<100))
    for number in 0..<300 { try await first.connect("user\(number)", UInt64(number)) }
    #expect(try await second.state.nodes(holding: ["user0", "user299"]) == [[first.id], [first.id]])
    await first.state.vanish()
    try cluster.owner(of: HashSlot.of("{nodes}".utf8)).endLease(of: first.id)
    try await eventually("all are told of") {
      Set(second.abandoned).isSuperset(of: (0..<300).map { "user\($0)" })
    }
    #expect(Set(second.abandoned).count == second.abandoned.count)
    await second.state.close()
  }
}

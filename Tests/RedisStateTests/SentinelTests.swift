import Foundation
import RedisState
import Services
import Testing

@Suite("Sentinels")
struct SentinelTests {
  @Test(
    "are asked for the master at each connection, so that a failover is followed", .timeLimit(.minutes(1)))
  func failover() async throws {
    let master = try await RedisServer(["--repl-diskless-sync-delay", "0"])
    let replica = try await RedisServer(["--replicaof", "127.0.0.1", "\(master.port)"])
    try await eventually("the replica is in step") {
      try replica.ask("INFO", "replication").contains("master_link_status:up")
    }
    let sentinel = try await RedisServer(["FOLDER/sentinel.conf", "--sentinel"]) { folder in
      let lines = [
        "sentinel monitor main 127.0.0.1 \(master.port) 1", "sentinel down-after-milliseconds main 300",
        "sentinel failover-timeout main 1000", "",
      ]
      try lines.joined(separator: "\n")
        .write(to: folder.appending(path: "sentinel.conf"), atomically: true, encoding: .utf8)
    }
    try await eventually("the Sentinel knows the replica") {
      try sentinel.ask("SENTINEL", "replicas", "main").contains("\(replica.port)")
    }
    let dead = try RedisServer.freePort()
    let url = try RedisURL("redis+sentinel://127.0.0.1:\(dead),127.0.0.1:\(sentinel.port)/main")
    #expect(await RedisState.check(url, options: TestNode.options) == nil)
    let node = try await TestNode(url)
    try await node.connect("alice", 1)
    #expect(try master.ask("HLEN", "sluice:u:{alice}") == "1")
    master.kill()
    try await eventually("the replica has taken over") {
      guard node.state.figures.isConnected else { return false }
      return (try? await node.state.arrive("bob", 2)) != nil
    }
    #expect(try replica.ask("HLEN", "sluice:u:{bob}") == "1")
    try await eventually("the interruption was told") { node.interruptions >= 1 }
    await node.state.close()
    let unknown = try RedisURL("redis+sentinel://127.0.0.1:\(sentinel.port)/other")
    #expect(
      await RedisState.check(unknown, options: TestNode.options)?.contains("knows no master 'other'") == true)
  }
}

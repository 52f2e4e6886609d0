import Foundation
import RedisState

/// A cluster of three masters and, where it is wanted, a replica of the last.
final class RedisCluster: Sendable {
  /// The masters, and behind them the replica.
  let servers: [RedisServer]
  private let busPorts: [Int]

  init(withReplica: Bool = false) async throws {
    var servers: [RedisServer] = []
    var busPorts: [Int] = []
    for _ in 0..<(withReplica ? 4 : 3) {
      let busPort = try RedisServer.freePort()
      busPorts.append(busPort)
      servers.append(
        try await RedisServer([
          "--cluster-enabled", "yes", "--cluster-port", "\(busPort)", "--cluster-node-timeout", "2000",
        ]))
    }
    (self.servers, self.busPorts) = (servers, busPorts)
    for (index, range) in [("0", "5460"), ("5461", "10922"), ("10923", "16383")].enumerated() {
      try servers[index].ask("CLUSTER", "ADDSLOTSRANGE", range.0, range.1)
      try servers[index].ask("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
    }
    for index in servers.indices.dropFirst() {
      try servers[0].ask("CLUSTER", "MEET", "127.0.0.1", "\(servers[index].port)", "\(busPorts[index])")
    }
    try await eventually("the cluster is whole") { [servers = self.servers] in
      try servers.allSatisfy { server in
        let info = try server.ask("CLUSTER", "INFO")
        return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(servers.count)")
      }
    }
    guard withReplica else { return }
    try servers[3].ask("CLUSTER", "REPLICATE", id(of: servers[2]))
    try await eventually("the replica has all, and everyone knows it") { [servers = self.servers] in
      let isUp = try servers[3].ask("INFO", "replication").contains("master_link_status:up")
      return try isUp && servers.allSatisfy { try $0.ask("CLUSTER", "NODES").contains("slave ") }
    }
  }

  /// The cluster by one of its nodes.
  func url() throws -> RedisURL { try RedisURL("redis+cluster://127.0.0.1:\(servers[1].port)") }

  /// The server that owns a slot.
  func owner(of slot: Int) -> RedisServer { servers[slot <= 5460 ? 0 : slot <= 10_922 ? 1 : 2] }

  func id(of server: RedisServer) throws -> String { try server.ask("CLUSTER", "MYID") }
}

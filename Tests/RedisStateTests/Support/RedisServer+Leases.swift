import Foundation
import Services

extension RedisServer {
  /// Makes a node's lease one that has just run out.
  func endLease(of node: NodeID) throws {
    let moment = Int(Date().timeIntervalSince1970 * 1000) - 1
    try ask("ZADD", "sluice:{nodes}", "XX", "\(moment)", "\(node)")
  }
}

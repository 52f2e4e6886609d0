import Foundation
import NIOPosix
import Pipeline
@_spi(Testing) import RedisState
import Services
import Testing

@Suite("Rate limits in Redis")
struct LimitTests {
  private static func request(
    _ subject: String, interval: UInt64 = 1_000_000_000, burst: Int = 5, cost: Int = 1
  ) -> AdmissionRequest {
    AdmissionRequest(scope: "limit", subject: subject, interval: interval, burst: burst, cost: cost)
  }

  @Test("hold however many ask at once, from several nodes")
  func concurrently() async throws {
    let server = try await RedisServer()
    let nodes = [try await TestNode(server.url()), try await TestNode(server.url())]
    let slow = Self.request("alice", interval: 3_600_000_000_000)
    let admitted = try await withThrowingTaskGroup(of: Int.self) { tasks in
      for task in 0..<8 {
        tasks.addTask {
          var count = 0
          for _ in 0..<40 {
            count += try await nodes[task % 2].state.admit([slow, slow])
              .count { $0 == .admitted }
          }
          return count
        }
      }
      return try await tasks.reduce(0, +)
    }
    #expect(admitted == 5)
    for node in nodes { await node.state.close() }
  }

  @Test("charge large batches in order, and keep a debt no longer than it lasts")
  func batches() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    let requests = (0..<1000).map { Self.request("user\($0 % 100)", interval: 60_000_000_000, burst: 3) }
    let admissions = try await node.state.admit(requests)
    #expect(admissions.prefix(300).allSatisfy { $0 == .admitted })
    #expect(admissions.dropFirst(300).allSatisfy { $0 != .admitted })
    let left = Int(try server.ask("PTTL", "sluice:l:limit:{user1}")) ?? 0
    #expect((1...180_001).contains(left))
    #expect(try await node.state.admit([]).isEmpty)
    await node.state.close()
  }

  @Test("lose nothing below a microsecond, nor to numbers of any size")
  func numbers() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    // A thousand charges of 333,333,333.3 µs and 1 ns each: the nanoseconds add up.
    let odd = Self.request("odd", interval: 333_333_333_001, burst: 1_000)
    #expect(try await node.state.admit(Array(repeating: odd, count: 1_000)).allSatisfy { $0 == .admitted })
    guard case .refused(let wait) = try await node.state.admit([odd])[0] else {
      return #expect(Bool(false), "the burst was exceeded")
    }
    #expect(wait > .seconds(300) && wait <= .nanoseconds(333_333_333_001 + 1_000))
    let debt = try server.ask("GET", "sluice:l:limit:{odd}")
    #expect(debt.split(separator: ":").last == "0", "a thousand nanoseconds make a microsecond")
    let huge = Self.request("huge", interval: .max, burst: .max, cost: .max)
    #expect(try await node.state.admit([huge]) == [.admitted])
    guard case .refused = try await node.state.admit([huge])[0] else {
      return #expect(Bool(false), "an endless debt was forgotten")
    }
    #expect(try await node.state.admit([Self.request("zero", interval: 0)]) == [.admitted])
    #expect(try await node.state.admit([Self.request("free", cost: 0)]) == [.admitted])
    await node.state.close()
  }

  @Test("tell senders apart whatever they are called")
  func keys() async throws {
    let server = try await RedisServer()
    let node = try await TestNode(server.url())
    let message = SentMessage(id: MessageID(rawValue: 1 << 62), digest: .max)
    let keys = [("a}b", "c"), ("a", "b}c"), ("{", ""), ("", "\r\n\u{0}"), ("a", "")].map {
      SendKey(scope: "dedup", senderID: $0, tempID: $1)
    }
    for (index, key) in keys.enumerated() where index != 1 {
      node.state.remember(
        [(key, SentMessage(id: message.id, digest: .max - UInt64(index)))], for: .seconds(60))
    }
    let recalled = try await node.state.recall(keys)
    let digests = [0, nil, 2, 3, 4].map { (index: UInt64?) -> UInt64? in index.map { .max - $0 } }
    #expect(recalled.map { $0?.digest } == digests)
    #expect(recalled.allSatisfy { $0 == nil || $0?.id == message.id })
    await node.state.close()
  }
}

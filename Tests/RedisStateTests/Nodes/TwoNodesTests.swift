import Foundation
import Pipeline
@_spi(Testing) import RedisState
import Services
import Testing

@Suite("Two nodes of one Redis")
struct TwoNodesTests {
  @Test("know each other, and who holds whose devices")
  func locate() async throws {
    let server = try await RedisServer()
    let (first, second) = (try await TestNode(server.url()), try await TestNode(server.url()))
    try await eventually("they know each other") {
      first.state.others == [second.id] && second.state.others == [first.id]
    }
    #expect(try await first.connect("alice", 1))
    #expect(try await !second.connect("alice", 2))
    #expect(try await second.connect("bob", 3))
    #expect(
      try await first.state.nodes(holding: ["alice", "bob", "carol"]) == [[second.id], [second.id], []])
    #expect(try await second.state.nodes(holding: ["alice", "bob"]) == [[first.id], []])
    #expect(try await !second.disconnect("alice", 2))
    #expect(try await first.disconnect("alice", 1))
    #expect(try await second.state.presence(of: ["alice"])[0].isOnline)
    #expect(try await second.state.lapse("alice", after: .zero) != nil)
    #expect(try await first.state.presence(of: ["alice", "bob"]).map(\.isOnline) == [false, true])
    await first.state.close()
    await second.state.close()
  }

  @Test("count a user's devices together, and the oldest makes room")
  func deviceLimit() async throws {
    let server = try await RedisServer()
    let (first, second) = (try await TestNode(server.url()), try await TestNode(server.url()))
    try await eventually("they know each other") {
      first.state.others == [second.id] && second.state.others == [first.id]
    }
    #expect(try await first.state.arrive("alice", 1, limit: 2) == Arrival(cameOnline: true))
    try await Task.sleep(for: .milliseconds(2))  // Arrivals are told apart by the millisecond.
    #expect(try await second.state.arrive("alice", 2, limit: 2) == Arrival(cameOnline: false))
    try await Task.sleep(for: .milliseconds(2))
    let third = try await second.state.arrive("alice", 3, limit: 2)
    #expect(third.displaced == [PlacedDevice(ConnectionID(rawValue: 1), on: first.id)])
    #expect(try await first.state.arrive("alice", 1, limit: 3).displaced.isEmpty)
    await first.state.close()
    await second.state.close()
  }

  @Test("get frames whole and in order, from whatever thread they were sent")
  func frames() async throws {
    let server = try await RedisServer()
    let (first, second) = (try await TestNode(server.url()), try await TestNode(server.url()))
    let count = 2000
    for number in 0..<count {
      let frame = [UInt8(number & 255), UInt8(number >> 8), 0, 13, 10]
      first.state.send([(second.id, frame)]) { _ in }
    }
    #expect(await first.state.send([(second.id, []), (second.id, Array(repeating: 7, count: 100_000))]))
    try await eventually("all have come") { second.frames.count == count + 2 }
    let numbers = second.frames.prefix(count).map { Int($0.bytes[0]) | Int($0.bytes[1]) << 8 }
    #expect(numbers == Array(0..<count))
    #expect(second.frames.allSatisfy { $0.node == first.id })
    #expect(second.frames[count].bytes.isEmpty && second.frames[count + 1].bytes.count == 100_000)
    #expect(await !first.state.send([(NodeID.random(), [1])]))
    await first.state.close()
    await second.state.close()
  }

  @Test("a node that dies leaves its users to one survivor, who tells of each once")
  func death() async throws {
    let server = try await RedisServer()
    let survivors = [try await TestNode(server.url()), try await TestNode(server.url())]
    let dying = try await TestNode(server.url())
    for number in 0..<700 { try await dying.connect("user\(number)", UInt64(number)) }
    try await dying.connect("both", 1000)
    try await survivors[0].connect("both", 1001)
    try await dying.connect("leaving", 1002)
    #expect(try await dying.disconnect("leaving", 1002))
    await dying.state.vanish()
    // Its lease has run out.
    try server.endLease(of: dying.id)
    try await eventually("all are told of") { survivors.flatMap(\.abandoned).count >= 701 }
    try await eventually("it is forgotten") { try server.ask("EXISTS", "sluice:n:{\(dying.id)}") == "0" }
    let told = survivors.flatMap(\.abandoned)
    #expect(Set(told).count == told.count && told.count == 701 && !told.contains("both"))
    #expect(told.contains("leaving"))
    // Each learns of it by a heartbeat of its own.
    try await eventually("nobody counts with it") {
      survivors.allSatisfy { !$0.state.others.contains(dying.id) }
    }
    #expect(try await survivors[1].state.presence(of: ["user1"])[0].isOnline)
    #expect(try await survivors[1].state.lapse("user1", after: .zero) != nil)
    #expect(try await survivors[0].state.lapse("user1", after: .zero) == nil)
    #expect(try await survivors[0].state.presence(of: ["user1", "both"]).map(\.isOnline) == [false, true])
    for survivor in survivors { await survivor.state.close() }
  }

  @Test("a lease that is not renewed runs out by itself")
  func lapse() async throws {
    let server = try await RedisServer()
    let (survivor, dying) = (
      try await TestNode(server.url()), try await TestNode(server.url(), options: TestNode.mortal)
    )
    try await dying.connect("alice", 1)
    await dying.state.vanish()
    try await eventually("alice is told of") { survivor.abandoned.contains("alice") }
    try await eventually("it is alone") { survivor.state.others.isEmpty }
    await survivor.state.close()
  }

  @Test("a node that closes leaves its users at once")
  func closing() async throws {
    let server = try await RedisServer()
    var options = TestNode.options
    options.lease = .seconds(60)
    options.heartbeat = .seconds(20)
    let first = try await TestNode(server.url(), options: options)
    let second = try await TestNode(server.url(), options: options)
    try await eventually("they know each other") { second.state.others == [first.id] }
    try await first.connect("alice", 1)
    await first.state.close()
    try await eventually("alice is told of") { second.abandoned == ["alice"] }
    #expect(try await second.state.presence(of: ["alice"])[0].isOnline)
    #expect(try await second.state.lapse("alice", after: .zero) != nil)
    #expect(second.state.others.isEmpty)
    await second.state.close()
  }

  @Test("a node that lost its lease while it stood still comes back, with its devices")
  func standstill() async throws {
    let server = try await RedisServer()
    let (first, second) = (try await TestNode(server.url()), try await TestNode(server.url()))
    try await first.connect("alice", 1)
    // As others see it after a standstill: the lease has run out.
    try server.endLease(of: first.id)
    try await eventually("it is back") {
      try await second.state.nodes(holding: ["alice"]) == [[first.id]]
        && second.state.others == [first.id]
    }
    #expect(try await first.state.lapse("alice", after: .zero) == nil)
    #expect(try await first.state.presence(of: ["alice"])[0].isOnline)
    await first.state.close()
    await second.state.close()
  }

  @Test("a node that starts alone sees to the users of one that died before")
  func inheritance() async throws {
    let server = try await RedisServer()
    let first = try await TestNode(server.url())
    try await first.connect("alice", 1)
    await first.state.close()
    let second = try await TestNode(server.url())
    try await eventually("alice is told of") { second.abandoned == ["alice"] }
    await second.state.close()
    #expect(try server.ask("SMEMBERS", "sluice:n:{\(second.id)}") == "alice")
  }
}

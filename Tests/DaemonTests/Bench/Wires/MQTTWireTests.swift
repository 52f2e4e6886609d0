import Testing

@testable import Daemon

@Suite("What a load's clients speak: MQTT")
struct MQTTWireTests {
  private let subscribed: [UInt8] = [0x90, 3, 0, 1, 1]

  private func ready() throws -> WireProbe {
    var probe = WireProbe(.mqtt)
    #expect(probe.receive([0x20, 2, 0, 0] + subscribed) == [.ready])
    _ = try probe.sent()
    return probe
  }

  /// A packet of parts that are bytes or texts; a text has its length in front.
  private func packet(_ first: UInt8, _ parts: Part...) -> [UInt8] {
    var body: [UInt8] = []
    for part in parts {
      switch part {
      case .bytes(let bytes): body += bytes
      case .text(let text): body += [0, UInt8(text.utf8.count)] + Array(text.utf8)
      case .content(let text): body += Array(text.utf8)
      }
    }
    return [first, UInt8(body.count)] + body
  }

  private enum Part {
    case bytes([UInt8])
    case text(String)
    case content(String)
  }

  @Test("It connects with its token as the password, then subscribes, and is ready when it may")
  func opening() throws {
    var probe = WireProbe(.mqtt, token: "t1")
    probe.open()
    let connect = packet(
      0x10, .text("MQTT"), .bytes([4, 0xC2, 0, 0]), .text("ann"), .text("ann"), .text("t1"))
    #expect(try probe.sent() == [connect])
    #expect(probe.receive([0x20, 2, 1, 0]).isEmpty)
    #expect(try probe.sent() == [packet(0x82, .bytes([0, 1]), .text("chat/ann"), .bytes([1]))])
    #expect(probe.receive(subscribed) == [.ready])
  }

  @Test("A refusal is told")
  func notReady() {
    var probe = WireProbe(.mqtt)
    #expect(probe.receive([0x20, 2, 0, 5]) == [.ended("the broker answered CONNECT with 5")])
    #expect(
      probe.receive([0x90, 3, 0, 1, 0x80]) == [.ended("the broker gives no subscription of quality 1")])
  }

  @Test("A message is acknowledged by the number of its packet, in any order, and once")
  func acknowledged() throws {
    var probe = try ready()
    probe.send(70, "hi")
    probe.send(71, "ho")
    let sent = try probe.sent()
    #expect(
      sent == [
        packet(0x32, .text("chat/bob"), .bytes([0, 1]), .content("hi")),
        packet(0x32, .text("chat/bob"), .bytes([0, 2]), .content("ho")),
      ])
    #expect(probe.receive([0x40, 2, 0, 2, 0x40, 2, 0, 1]) == [.acknowledged(71), .acknowledged(70)])
    #expect(probe.receive([0x40, 2, 0, 2, 0x40, 2, 0, 77]).isEmpty)
  }

  @Test("Packets' numbers begin anew at 1, and long packets have long lengths")
  func numbers() throws {
    var probe = try ready()
    for number in 0..<65_535 {
      probe.send(number, "")
      let packet = number + 1
      #expect(
        probe.receive([0x40, 2, UInt8(packet >> 8), UInt8(packet & 0xFF)]) == [.acknowledged(number)])
    }
    _ = try probe.sent()
    probe.send(65_535, String(repeating: "x", count: 200))
    let packet = try #require(try probe.sent().first)
    #expect(packet.prefix(3) == [0x32, 0xD4, 1] && packet.count == 215 && packet[13...14] == [0, 1])
    #expect(probe.receive([0x40, 2, 0, 1]) == [.acknowledged(65_535)])
  }

  @Test("What comes is acknowledged where that is wanted")
  func deliveries() throws {
    var probe = try ready()
    let one = packet(0x32, .text("chat/ann"), .bytes([0, 9]), .content("one"))
    let nothing = packet(0x30, .text("chat/ann"))
    #expect(probe.receive(one + nothing + [0xD0, 0]) == [.delivered("one"), .delivered("")])
    #expect(try probe.sent() == [[0x40, 2, 0, 9]])
  }

  @Test("Frames may be cut anywhere")
  func cut() throws {
    let made = try ready()
    let long = String(repeating: "y", count: 150)
    let one = packet(0x32, .text("chat/ann"), .bytes([0, 9]), .content("one"))
    // Over 127 bytes, the length has two.
    var two = packet(0x32, .text("t"), .bytes([0, 1]), .content(long))
    two.insert(1, at: 2)
    for found in WireProbe.found(in: one + two, by: { made }) {
      #expect(found == [.delivered("one"), .delivered(long)])
    }
  }

  @Test(
    "What is not of MQTT ends it",
    arguments: [
      [0x00, 0], [0x10, 0], [0x20, 0], [0x21, 2, 0, 0], [0x40, 1, 0], [0x90, 2, 0, 1], [0xD0, 1, 0],
      [0x30, 1, 0], [0x30, 2, 0, 1], [0x32, 3, 0, 0, 1], [0x34, 4, 0, 0, 0, 1], [0x36, 4, 0, 0, 0, 1],
      [0x30, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0xFF, 0xFF, 0xFF, 0x7F],
    ] as [[UInt8]])
  func broken(bytes: [UInt8]) throws {
    var probe = try ready()
    #expect(probe.receive(bytes) == [.ended("what came is not of MQTT")])
  }
}

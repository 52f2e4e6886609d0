import NIOCore
import Testing

@testable import Daemon

@Suite("WebSocket frames")
struct FrameParserTests {
  private func parse(_ bytes: [UInt8], limit: Int = 65_536) throws(FrameFault) -> [FrameParser.Message] {
    var parser = FrameParser()
    var buffer = ByteBuffer(bytes: bytes)
    var messages: [FrameParser.Message] = []
    while let message = try parser.next(from: &buffer, limit: limit) { messages.append(message) }
    return messages
  }

  @Test("The examples of RFC 6455, section 5.7, are read")
  func examples() throws {
    #expect(
      try parse([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]) == [
        .text(Array("Hello".utf8))
      ])
    var client = FrameParser(.client)
    var buffer = ByteBuffer(bytes: [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f])
    #expect(try client.next(from: &buffer, limit: 100) == .text(Array("Hello".utf8)))
  }

  @Test(
    "What breaks the protocol is a fault with its close code",
    arguments: [
      ([0x81, 0x00], CloseCode.protocolError), ([0xC1, 0x80], .protocolError),
      ([0x83, 0x80], .protocolError),
      ([0x80, 0x80, 0, 0, 0, 0], .protocolError), ([0x09, 0x80], .protocolError),
      ([0x89, 0xFE], .protocolError),
      ([0x81, 0xFE, 0, 125], .protocolError), ([0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .protocolError),
      ([0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .protocolError),
      ([0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1], .tooBig),
      ([0x88, 0x81, 0, 0, 0, 0, 3], .protocolError), ([0x88, 0x82, 0, 0, 0, 0, 3, 0xED], .protocolError),
      ([0x81, 0x81, 0, 0, 0, 0, 0xFF], .notUTF8),
    ] as [([UInt8], CloseCode)])
  func faults(bytes: [UInt8], close: CloseCode) {
    let fault = #expect(throws: FrameFault.self) { try parse(bytes) }
    #expect(fault?.close == close)
  }

  /// Random messages in random fragments, with control frames between them, cut into random pieces.
  @Test("Messages come out whole however they are split", arguments: 0..<100)
  func splitting(seed: UInt64) throws {
    var random = SplitMix(seed)
    var bytes = ByteBuffer()
    var expected: [FrameParser.Message] = []
    for _ in 0..<10 {
      let text = Array(
        String(
          (0..<Int.random(in: 0...300, using: &random)).map { _ in "aé😀\"".randomElement(using: &random)! }
        ).utf8)
      var rest = text[...]
      var opcode: UInt8 = 0x01
      while true {
        let part = Array(rest.prefix(Int.random(in: 0...200, using: &random)))
        rest = rest.dropFirst(part.count)
        append(opcode | (rest.isEmpty ? 0x80 : 0), part, &bytes, &random)
        if rest.isEmpty { break }
        opcode = 0
        if Bool.random(using: &random) {
          append(0x89, [1, 2, 3], &bytes, &random)
          expected.append(.ping([1, 2, 3]))
        }
      }
      expected.append(.text(text))
    }
    var parser = FrameParser()
    var unread = ByteBuffer()
    var messages: [FrameParser.Message] = []
    while bytes.readableBytes > 0 {
      var piece = bytes.readSlice(length: min(bytes.readableBytes, Int.random(in: 1...50, using: &random)))!
      unread.writeBuffer(&piece)
      while let message = try parser.next(from: &unread, limit: 65_536) { messages.append(message) }
    }
    #expect(messages == expected)
  }

  @Test("Noise is refused or waited for, and never does harm")
  func noise() {
    var random = SplitMix(9)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      _ = try? parse(bytes)
    }
  }

  private func append(
    _ first: UInt8, _ payload: [UInt8], _ buffer: inout ByteBuffer, _ random: inout SplitMix
  ) {
    let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
    buffer.writeInteger(first)
    if payload.count < 126 {
      buffer.writeInteger(0x80 | UInt8(payload.count))
    } else {
      buffer.writeInteger(UInt8(0xFE))
      buffer.writeInteger(UInt16(payload.count))
    }
    buffer.writeBytes(mask)
    buffer.writeBytes(payload.enumerated().map { $1 ^ mask[$0 % 4] })
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014), for runs that can be repeated.
private struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    let one = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    let two = (one ^ one >> 27) &* 0x94d0_49bb_1331_11eb
    return two ^ two >> 31
  }
}

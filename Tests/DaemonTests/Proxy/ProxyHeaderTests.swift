import NIOCore
import NIOEmbedded
import Testing

@testable import Daemon

@Suite("The PROXY header, version 2")
struct ProxyHeaderTests {
  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]
  private static let v4: [UInt8] = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 0x00, 0x50]

  private static func header(
    command: UInt8 = 0x21, family: UInt8 = 0x11, _ content: [UInt8] = v4, length: Int? = nil
  ) -> [UInt8] {
    let length = length ?? content.count
    return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xff)] + content
  }

  @Test("It says whom the proxy speaks for")
  func clients() {
    #expect(ProxyHeader(Self.header()) == .present(client: IPAddress("203.0.113.9"), length: 28))
    let v6 =
      [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 0, count: 20)
    #expect(
      ProxyHeader(Self.header(family: 0x21, v6)) == .present(client: IPAddress("2001:db8::7"), length: 52))
    // What the proxy adds behind the addresses, and what comes after the header.
    let more = Self.header(Self.v4 + [0x20, 0x00, 0x01, 0x00]) + Array("GET".utf8)
    #expect(ProxyHeader(more) == .present(client: IPAddress("203.0.113.9"), length: 32))
  }

  @Test("A proxy may speak for itself, or of what has no address")
  func own() {
    #expect(ProxyHeader(Self.header(command: 0x20, family: 0, [])) == .present(client: nil, length: 16))
    #expect(ProxyHeader(Self.header(family: 0, [])) == .present(client: nil, length: 16))
    let unix = [UInt8](repeating: 0, count: 216)
    #expect(ProxyHeader(Self.header(family: 0x31, unix)) == .present(client: nil, length: 232))
  }

  @Test("Every beginning of it is incomplete")
  func beginnings() {
    let whole = Self.header()
    for count in 0..<whole.count { #expect(ProxyHeader(whole.prefix(count)) == .incomplete) }
  }

  @Test(
    "What is none is left alone",
    arguments: ["GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "\r\n\r\nX", "PROXY TCP4 "])
  func absent(text: String) { #expect(ProxyHeader(Array(text.utf8)) == .absent) }

  @Test("What begins like one and can't be one is malformed")
  func malformed() {
    #expect(ProxyHeader(Self.header(command: 0x11)) == .malformed)
    #expect(ProxyHeader(Self.header(command: 0x22)) == .malformed)
    #expect(ProxyHeader(Self.header(family: 0x41)) == .malformed)
    #expect(ProxyHeader(Self.header([1, 2, 3, 4])) == .malformed)
    #expect(ProxyHeader(Self.header(family: 0x21)) == .malformed)
    #expect(ProxyHeader(Self.header([], length: 65_535)) == .malformed)
  }

  @Test("It is taken off however the bytes are cut, and the rest is handed on")
  func handler() throws {
    let bytes = Self.header() + Array("GET / HTTP/1.1".utf8)
    for cut in 1..<bytes.count {
      var found: [IPAddress] = []
      let channel = EmbeddedChannel(handler: ProxyHeaderHandler { found.append($0) })
      try channel.writeInbound(ByteBuffer(bytes: bytes[..<cut]))
      try channel.writeInbound(ByteBuffer(bytes: bytes[cut...]))
      var rest = ByteBuffer()
      while var part = try channel.readInbound(as: ByteBuffer.self) { rest.writeBuffer(&part) }
      #expect(String(buffer: rest) == "GET / HTTP/1.1")
      #expect(found == [IPAddress("203.0.113.9")])
      _ = try channel.finish()
    }
  }
}

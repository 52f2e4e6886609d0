import NIOCore
import Testing

@testable import RedisState

@Suite("The protocol of Redis")
struct ReplyReaderTests {
  private static func replies(_ text: String, limit: Int = 1024, cut: Int? = nil) throws -> [RESPValue] {
    let reader = ReplyReader(limit: limit)
    var replies: [RESPValue] = []
    let bytes = Array(text.utf8)
    let pieces = cut.map { [bytes[..<$0], bytes[$0...]] } ?? [bytes[...]]
    for piece in pieces {
      try reader.feed(ByteBuffer(bytes: piece))
      while let reply = try reader.next() { replies.append(reply) }
    }
    return replies
  }

  private static let stream =
    "+OK\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n-ERR no\r\n*2\r\n*1\r\n:1\r\n$0\r\n\r\n*-1\r\n*0\r\n"
  private static let values: [RESPValue] = [
    .string(Array("OK".utf8)), .integer(-7), .string(Array("a\r\n".utf8)), .null, .error("ERR no"),
    .array([.array([.integer(1)]), .string([])]), .null, .array([]),
  ]

  @Test("is read whole, and cut at any byte")
  func reads() throws {
    #expect(try Self.replies(Self.stream) == Self.values)
    for cut in 0...Self.stream.utf8.count { #expect(try Self.replies(Self.stream, cut: cut) == Self.values) }
  }

  @Test(
    "is bounded: replies too large or too deep, and what is none, are faults",
    arguments: [
      "$5000\r\n" + String(repeating: "x", count: 2000),
      "*5000\r\n" + String(repeating: ":1\r\n", count: 400),
      String(repeating: "*1\r\n", count: 20),
      "HTTP/1.1 400 Bad Request\r\n",
    ])
  func bounds(text: String) { #expect(throws: RedisError.self) { try Self.replies(text) } }

  @Test("is written as arrays of bulk strings")
  func writes() {
    var writer = RESPWriter()
    writer.begin(3)
    writer.word("é")
    writer.word(-12)
    writer.word([0, 13, 10])
    let expected = "*3\r\n$2\r\né\r\n$3\r\n-12\r\n$3\r\n\0\r\n\r\n"
    #expect(Array(writer.buffer.readableBytesView) == Array(expected.utf8))
  }

  @Test(
    "writes numbers as they are read",
    arguments: [0, 1, 9, 10, 99, 100, 1_790_000_000_000, -1, -10, .max, .min] as [Int64])
  func numbers(number: Int64) {
    var writer = RESPWriter()
    writer.word(number)
    #expect(String(buffer: writer.buffer) == "$\(String(number).utf8.count)\r\n\(number)\r\n")
  }

  @Test(
    "writes words of any length, and tells where the first key is",
    arguments: [0, 1, 9, 10, 99, 100, 1000, 70_000])
  func lengths(count: Int) {
    let text = String(repeating: "x", count: count)
    var writer = RESPWriter()
    writer.begin(count)
    writer.word("a")
    writer.key(text)
    writer.key("another")
    let before = "*\(count)\r\n$1\r\na\r\n$\(count)\r\n"
    #expect(String(buffer: writer.buffer) == before + text + "\r\n$7\r\nanother\r\n")
    #expect(writer.key == before.utf8.count..<before.utf8.count + count)
  }

  @Test(
    "names scripts by their digest",
    arguments: [
      ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
    ])
  func digests(text: String, digest: String) { #expect(SHA1.hexadecimal(text) == digest) }
}

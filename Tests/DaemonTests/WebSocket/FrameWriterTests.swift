import NIOCore
import Testing

@testable import Daemon

@Suite("Frames written")
struct FrameWriterTests {
  static let lengths = [0, 1, 125, 126, 65_535, 65_536]

  @Test("Each is read again as it was meant, behind another and at every length", arguments: lengths)
  func roundTrip(length: Int) throws {
    let text = (0..<length).map { UInt8(0x20 + $0 % 0x5F) }
    for mask in [nil, 0x1234_5678 as UInt32] {
      var buffer = ByteBuffer()
      FrameWriter.append(text: [0x61], to: &buffer, mask: mask)
      FrameWriter.append(text: text, to: &buffer, mask: mask)
      var parser = FrameParser(mask == nil ? .client : .server)
      #expect(try parser.next(from: &buffer, limit: 1 << 20) == .text([0x61]))
      #expect(try parser.next(from: &buffer, limit: 1 << 20) == .text(text))
      #expect(buffer.readableBytes == 0)
    }
  }

  @Test("A length takes two, four or ten bytes")
  func headers() {
    for (length, header) in zip(Self.lengths, [2, 2, 2, 4, 4, 10]) {
      var buffer = ByteBuffer()
      FrameWriter.append(text: [UInt8](repeating: 0x61, count: length), to: &buffer)
      #expect(buffer.readableBytes == header + length)
      #expect(buffer.getInteger(at: 0, as: UInt8.self) == 0x81)
    }
  }
}

import Daemon
import NIOCore

/// Frames alone: 64 messages taken out of what was read, and written again as a server writes them.
struct Frames: Scenario {
  static let name = "frames"
  static let eventsPerRound = 64
  private let bytes: ByteBuffer
  private var parser = FrameParser()

  init() {
    var bytes = ByteBuffer()
    for index in 0..<Self.eventsPerRound {
      var frame = ClientFrame.message(from: index)
      bytes.writeImmutableBuffer(frame.next())
    }
    self.bytes = bytes
  }

  mutating func round() throws -> Int {
    var (read, written, count) = (bytes, ByteBuffer(), 0)
    while case .text(let text)? = try parser.next(from: &read, limit: 65_536) {
      FrameWriter.append(text: text, to: &written)
      count += 1
    }
    return written.readableBytes > 0 ? count : 0
  }
}

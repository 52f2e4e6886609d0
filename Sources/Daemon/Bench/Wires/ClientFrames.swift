import NIOCore

/// WebSocket frames that a load's client has to send, put together in one buffer.
struct ClientFrames {
  /// Whether messages go as text frames.
  let isText: Bool
  private var buffer = ByteBuffer()

  init(isText: Bool) { self.isText = isText }

  /// Adds a message. The mask is zero: it protects proxies from browsers, and here is neither.
  mutating func append(_ payload: [UInt8]) {
    if isText {
      FrameWriter.append(text: payload, to: &buffer, mask: 0)
    } else {
      FrameWriter.append(binary: payload, to: &buffer, mask: 0)
    }
  }

  /// Adds the answer to a ping.
  mutating func append(pong payload: [UInt8]) { FrameWriter.append(pong: payload, to: &buffer, mask: 0) }

  /// Takes all out; `nil` where there is nothing.
  mutating func take() -> ByteBuffer? {
    guard buffer.readableBytes > 0 else { return nil }
    defer { buffer = ByteBuffer() }
    return buffer
  }
}

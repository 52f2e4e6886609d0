import NIOCore

/// Appends WebSocket frames to a buffer: a server's, or with a mask a client's (RFC 6455, section 5.2).
enum FrameWriter {
  /// Appends a text message in one frame.
  static func append(text payload: [UInt8], to buffer: inout ByteBuffer, mask: UInt32? = nil) {
    append(opcode: 0x1, payload, to: &buffer, mask: mask)
  }

  /// Appends a binary message in one frame.
  static func append(binary payload: [UInt8], to buffer: inout ByteBuffer, mask: UInt32? = nil) {
    append(opcode: 0x2, payload, to: &buffer, mask: mask)
  }

  /// Appends a packed text message in one frame (RFC 7692 section 6).
  static func append(packedText payload: [UInt8], to buffer: inout ByteBuffer) {
    append(opcode: 0x41, payload, to: &buffer, mask: nil)
  }

  /// Appends a ping without payload.
  static func appendPing(to buffer: inout ByteBuffer) { append(opcode: 0x9, [], to: &buffer, mask: nil) }

  /// Appends the answer to a ping.
  static func append(pong payload: [UInt8], to buffer: inout ByteBuffer, mask: UInt32? = nil) {
    append(opcode: 0xA, payload, to: &buffer, mask: mask)
  }

  /// Appends a close frame.
  static func append(close: CloseCode, to buffer: inout ByteBuffer, mask: UInt32? = nil) {
    let code = [UInt8(close.code >> 8), UInt8(truncatingIfNeeded: close.code)]
    append(opcode: 0x8, code + Array(close.reason.utf8.prefix(123)), to: &buffer, mask: mask)
  }

  private static func append(opcode: UInt8, _ payload: [UInt8], to buffer: inout ByteBuffer, mask: UInt32?) {
    let maskBit: UInt8 = mask == nil ? 0 : 0x80
    buffer.reserveCapacity(minimumWritableBytes: payload.count + 14)
    buffer.writeInteger(0x80 | opcode)
    switch payload.count {
    case ..<126: buffer.writeInteger(maskBit | UInt8(payload.count))
    case ...0xFFFF:
      buffer.writeInteger(maskBit | 126)
      buffer.writeInteger(UInt16(payload.count))
    default:
      buffer.writeInteger(maskBit | 127)
      buffer.writeInteger(UInt64(payload.count))
    }
    guard let mask else {
      buffer.writeBytes(payload)
      return
    }
    buffer.writeInteger(mask, endianness: .little)
    guard mask != 0 else {
      buffer.writeBytes(payload)
      return
    }
    for (index, byte) in payload.enumerated() {
      buffer.writeInteger(byte ^ UInt8(truncatingIfNeeded: mask >> UInt32((index & 3) * 8)))
    }
  }
}

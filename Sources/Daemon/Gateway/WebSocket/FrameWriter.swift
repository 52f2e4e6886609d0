package import NIOCore

/// Appends WebSocket frames to a buffer: a server's, or with a mask a client's (RFC 6455, section 5.2).
package enum FrameWriter {
  /// Appends a text message in one frame.
  package static func append(text payload: [UInt8], to buffer: inout ByteBuffer, mask: UInt32? = nil) {
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
    // Header and payload in one piece: what a write to a buffer costs is hardly in the bytes.
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.count + 14) { space in
      space[0] = 0x80 | opcode
      var end = 2
      switch payload.count {
      case ..<126: space[1] = maskBit | UInt8(payload.count)
      case ...0xFFFF:
        space[1] = maskBit | 126
        space.storeBytes(of: UInt16(payload.count).bigEndian, toByteOffset: 2, as: UInt16.self)
        end = 4
      default:
        space[1] = maskBit | 127
        space.storeBytes(of: UInt64(payload.count).bigEndian, toByteOffset: 2, as: UInt64.self)
        end = 10
      }
      if let mask {
        space.storeBytes(of: mask.littleEndian, toByteOffset: end, as: UInt32.self)
        end += 4
      }
      let target = UnsafeMutableRawBufferPointer(rebasing: space[end..<(end + payload.count)])
      target.copyBytes(from: payload)
      if let mask, mask != 0 {
        for index in target.indices {
          target[index] ^= UInt8(truncatingIfNeeded: mask >> UInt32((index & 3) * 8))
        }
      }
      return end + payload.count
    }
  }
}

package import NIOCore
import Pipeline

/// Takes WebSocket frames (RFC 6455, section 5.2) out of a stream of bytes and puts messages together.
///
/// Pure: bytes in, messages and faults out. It keeps no bytes of its own but the fragments of an unfinished message;
/// a frame that has not arrived whole stays in the caller's buffer.
package struct FrameParser {
  /// Which end of the connection this is: frames of clients are masked, frames of servers are not.
  package enum Role { case server, client }

  /// What a peer has sent.
  package enum Message: Equatable {
    case text([UInt8])
    case binary([UInt8])
    /// A message of either kind as it was packed, for ``FrameParser/message(_:isText:)`` when it is unpacked.
    case packed([UInt8], isText: Bool)
    case ping([UInt8])
    case pong
    /// The peer says goodbye; `nil` where it gave no code.
    case close(UInt16?)
  }

  /// How many frames a message may be split into.
  static let fragmentLimit = 1024

  private var fragments: Fragments?
  private let role: Role
  /// Whether messages may be packed (RFC 7692).
  private let takesPacked: Bool

  /// The frames of a message so far; a box, so that a connection without one pays a word for it.
  private final class Fragments {
    var bytes: [UInt8]
    var count = 1
    let isText: Bool
    let isPacked: Bool

    init(_ frame: Frame) {
      bytes = frame.payload
      isText = frame.opcode == 0x1
      isPacked = frame.isPacked
    }
  }

  package init(_ role: Role = .server, takesPacked: Bool = false) {
    self.role = role
    self.takesPacked = takesPacked
  }

  /// Takes the next message out of a buffer; `nil` where it has not arrived whole.
  ///
  /// - Parameter limit: The longest message, in bytes. It is held against a frame's header before anything of the
  ///   frame is kept.
  /// - Throws: ``FrameFault`` where the peer broke the protocol; nothing more can be read then.
  package mutating func next(from buffer: inout ByteBuffer, limit: Int) throws(FrameFault) -> Message? {
    while let frame = try takeFrame(from: &buffer, limit: limit) {
      switch frame.opcode {
      case 0x0:
        guard let fragments else { throw .broken("a continuation of nothing") }
        fragments.bytes.append(contentsOf: frame.payload)
        fragments.count += 1
        if fragments.count > Self.fragmentLimit { throw .broken("a message in too many fragments") }
        if frame.isFinal {
          self.fragments = nil
          return try whole(fragments.bytes, isText: fragments.isText, isPacked: fragments.isPacked)
        }
      case 0x1, 0x2:
        if fragments != nil { throw .broken("a new message within a fragmented one") }
        if frame.isFinal {
          return try whole(frame.payload, isText: frame.opcode == 0x1, isPacked: frame.isPacked)
        }
        fragments = Fragments(frame)
      case 0x8: return .close(try closeCode(frame.payload))
      case 0x9: return .ping(frame.payload)
      default: return .pong
      }
    }
    return nil
  }

  private func whole(_ bytes: [UInt8], isText: Bool, isPacked: Bool) throws(FrameFault) -> Message {
    isPacked ? .packed(bytes, isText: isText) : try Self.message(bytes, isText: isText)
  }

  /// A message of these bytes.
  ///
  /// - Throws: ``FrameFault`` where it is a text and they are not UTF-8.
  static func message(_ bytes: [UInt8], isText: Bool) throws(FrameFault) -> Message {
    guard isText else { return .binary(bytes) }
    guard bytes.withUnsafeBufferPointer(UTF8Check.isValid) else { throw .notUTF8 }
    return .text(bytes)
  }

  private func closeCode(_ payload: [UInt8]) throws(FrameFault) -> UInt16? {
    if payload.isEmpty { return nil }
    guard payload.count >= 2 else { throw .broken("a close frame with half a code") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard CloseCode.mayBeSent(code) else { throw .broken("a close code that must not be sent") }
    guard payload.withUnsafeBufferPointer({ UTF8Check.isValid(UnsafeBufferPointer(rebasing: $0[2...])) })
    else {
      throw .notUTF8
    }
    return code
  }

  private struct Frame {
    let opcode: UInt8
    let isFinal: Bool
    let isPacked: Bool
    let payload: [UInt8]
  }

  private func takeFrame(from buffer: inout ByteBuffer, limit: Int) throws(FrameFault) -> Frame? {
    let start = buffer.readerIndex
    guard let head: UInt16 = buffer.getInteger(at: start) else { return nil }
    let first = UInt8(truncatingIfNeeded: head >> 8)
    let second = UInt8(truncatingIfNeeded: head)
    let opcode = first & 0x0F
    let isFinal = first & 0x80 != 0
    let isMasked = second & 0x80 != 0
    // The first frame of a packed message says so in RSV1 (RFC 7692 section 6).
    let isPacked = first & 0x40 != 0
    guard first & 0x30 == 0, !isPacked || takesPacked && (opcode == 0x1 || opcode == 0x2) else {
      throw .broken("reserved bits are set")
    }
    guard opcode <= 0x2 || (0x8...0xA).contains(opcode) else { throw .broken("an unknown opcode") }
    guard isMasked == (role == .server) else {
      throw .broken(role == .server ? "an unmasked frame" : "a masked frame")
    }
    var headerLength = 2
    var length = UInt64(second & 0x7F)
    if opcode >= 0x8 {
      if !isFinal { throw .broken("a fragmented control frame") }
      if length > 125 { throw .broken("a control frame that is too long") }
    } else if length == 126 {
      guard let extended: UInt16 = buffer.getInteger(at: start + 2) else { return nil }
      length = UInt64(extended)
      headerLength = 4
      if length < 126 { throw .broken("a length that is not as short as can be") }
    } else if length == 127 {
      guard let extended: UInt64 = buffer.getInteger(at: start + 2) else { return nil }
      length = extended
      headerLength = 10
      if length >> 63 != 0 { throw .broken("a length that is negative") }
      if length <= UInt64(UInt16.max) { throw .broken("a length that is not as short as can be") }
    }
    let held = opcode == 0x0 ? fragments?.bytes.count ?? 0 : 0
    if length > UInt64(max(0, limit - held)), opcode < 0x8 { throw .tooBig }
    let payloadStart = start + headerLength + (isMasked ? 4 : 0)
    guard buffer.writerIndex - payloadStart >= Int(length) else { return nil }
    let payload: [UInt8]
    if isMasked {
      guard let mask: UInt32 = buffer.getInteger(at: start + headerLength, endianness: .little) else {
        return nil
      }
      payload = Self.unmasked(buffer, from: payloadStart, count: Int(length), mask)
    } else {
      payload = buffer.getBytes(at: payloadStart, length: Int(length)) ?? []
    }
    buffer.moveReaderIndex(to: payloadStart + Int(length))
    return Frame(opcode: opcode, isFinal: isFinal, isPacked: isPacked, payload: payload)
  }

  /// Copies a payload out and takes the mask off on the way, eight bytes at a time (RFC 6455, section 5.3).
  private static func unmasked(_ buffer: ByteBuffer, from start: Int, count: Int, _ mask: UInt32) -> [UInt8] {
    buffer.withUnsafeReadableBytes { readable in
      let source = UnsafeRawBufferPointer(rebasing: readable[(start - buffer.readerIndex)...].prefix(count))
      return [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
        let wide = UInt64(mask) << 32 | UInt64(mask)
        let raw = UnsafeMutableRawBufferPointer(target)
        var index = 0
        while index + 8 <= count {
          let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          raw.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
          index += 8
        }
        while index < count {
          raw[index] = source[index] ^ UInt8(truncatingIfNeeded: mask >> UInt32((index & 3) * 8))
          index += 1
        }
        initialized = count
      }
    }
  }
}

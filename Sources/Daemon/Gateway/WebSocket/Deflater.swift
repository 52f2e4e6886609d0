import CZlib

/// Packs messages, each for itself (RFC 7692 section 7.2.1). One for a whole event loop: what it needs to work is not
/// paid for each connection.
final class Deflater {
  /// Shorter messages are not worth it.
  static let least = 128

  private let stream: UnsafeMutablePointer<z_stream>
  /// The last message and what it was packed to: what goes to several devices is packed once.
  private var last: (message: [UInt8], packed: [UInt8])?

  /// `nil` where there is no memory left.
  init?(windowBits: Int32) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // A negative window asks for a raw stream; level 1 gets most of the gain at a third of the cost of the default.
    let made = deflateInit2_(
      stream, 1, Z_DEFLATED, -windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard made == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// The packed message; `nil` where it is not worth it.
  func pack(_ message: [UInt8]) -> [UInt8]? {
    guard message.count >= Self.least else { return nil }
    if let last, last.message == message { return last.packed }
    deflateReset(stream)
    var input = message
    // The flush adds an empty block of five bytes at most.
    let room = Int(deflateBound(stream, UInt(message.count))) + 16
    let stream = stream
    let packed = input.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: room) { output, count in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(room)
        let isWhole = deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream.pointee.avail_in == 0
        // The empty block's last four bytes are left out.
        count = isWhole ? room - Int(stream.pointee.avail_out) - 4 : 0
      }
    }
    guard packed.count > 0, packed.count < message.count else { return nil }
    last = (message, packed)
    return packed
  }
}

import CZlib

/// Unpacks messages, each for itself (RFC 7692 section 7.2.2), to a bounded size. One for a whole event loop.
final class Inflater {
  private let stream: UnsafeMutablePointer<z_stream>

  /// `nil` where there is no memory left.
  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// The message.
  ///
  /// - Parameter limit: The most bytes of it; no more are unpacked, whatever the packed ones would give.
  /// - Throws: ``FrameFault`` where it is longer, or was not packed by DEFLATE (RFC 1951).
  func unpack(_ packed: [UInt8], limit: Int) throws(FrameFault) -> [UInt8] {
    inflateReset(stream)
    // What the sender has left out.
    var input = packed + [0x00, 0x00, 0xff, 0xff]
    var message: [UInt8] = []
    var part = [UInt8](repeating: 0, count: min(limit + 1, 16_384))
    let stream = stream
    let end = input.withUnsafeMutableBufferPointer { input -> Int32 in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      while true {
        let status = part.withUnsafeMutableBufferPointer { part -> Int32 in
          stream.pointee.next_out = part.baseAddress
          stream.pointee.avail_out = UInt32(part.count)
          return inflate(stream, Z_SYNC_FLUSH)
        }
        message.append(contentsOf: part[..<(part.count - Int(stream.pointee.avail_out))])
        if message.count > limit || status != Z_OK { return status }
        if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return status }
      }
    }
    if message.count > limit { throw .tooBig }
    // Z_BUF_ERROR: the output ended where the input did.
    guard end == Z_OK || end == Z_STREAM_END || end == Z_BUF_ERROR else { throw .notPacked }
    return message
  }
}

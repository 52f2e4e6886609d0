import CZlib
import NIOHTTP1

/// Compresses responses for clients that accept it (RFC 1952).
enum Gzip {
  /// Below this many bytes the effort is not worth it.
  static let least = 1024

  /// Whether a request takes `gzip` (RFC 9110, section 12.5.3).
  static func isAccepted(by headers: HTTPHeaders) -> Bool {
    headers[canonicalForm: "accept-encoding"].contains { item in
      let parts = item.split(separator: ";").map { $0.trimmed.lowercased() }
      guard parts.first == "gzip" || parts.first == "*" else { return false }
      return !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" || $0 == "q=0.00" || $0 == "q=0.000" }
    }
  }

  /// Compresses a body that is long enough.
  static func compress(_ reply: inout HTTPReply) {
    guard reply.body.count > least, let compressed = compressed(reply.body) else { return }
    reply.body = compressed
    reply.headers.append(("Content-Encoding", "gzip"))
    reply.headers.append(("Vary", "Accept-Encoding"))
  }

  private static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    // 16 more than the window's bits asks for the gzip format.
    guard
      deflateInit2_(
        &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    let isWhole = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return deflate(&stream, Z_FINISH) == Z_STREAM_END
      }
    }
    guard isWhole else { return nil }
    return Array(output.prefix(Int(stream.total_out)))
  }
}

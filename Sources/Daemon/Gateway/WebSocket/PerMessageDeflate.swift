/// What a client and the daemon agree on about compressing messages (RFC 7692 section 7.1). No context is kept from
/// message to message on either side, so that an idle connection costs no window.
struct PerMessageDeflate: Equatable {
  /// The size of the window that the client can unpack, as a power of two.
  let windowBits: Int32

  /// Takes the first offer that can be met; `nil` where there is none.
  init?(offers: [String]) {
    for offer in offers {
      let parts = offer.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
      guard parts.first?.lowercased() == "permessage-deflate",
        let bits = Self.windowBits(parts.dropFirst())
      else { continue }
      windowBits = bits
      return
    }
    return nil
  }

  /// What `Sec-WebSocket-Extensions` answers.
  var response: String {
    let window = windowBits == 15 ? "" : "; server_max_window_bits=\(windowBits)"
    return "permessage-deflate; server_no_context_takeover; client_no_context_takeover\(window)"
  }

  /// The window that an offer asks for; `nil` where it holds what is unknown, given twice or malformed, and so must be
  /// passed over.
  private static func windowBits(_ parameters: ArraySlice<Substring>) -> Int32? {
    var bits: Int32 = 15
    var seen: Set<String> = []
    for parameter in parameters {
      let parts = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
      guard let name = parts.first?.lowercased(), seen.insert(name).inserted else { return nil }
      let value = parts.count == 2 ? parts[1].filter { $0 != "\"" } : nil
      switch name {
      case "server_no_context_takeover", "client_no_context_takeover":
        guard value == nil else { return nil }
      case "client_max_window_bits":
        // A client's smaller window is unpacked by a larger one of ours all the same.
        if let value, !(8...15).contains(Int(value) ?? 0) { return nil }
      case "server_max_window_bits":
        // zlib writes no raw stream with a window of 2^8 bytes.
        guard let value, let asked = Int32(value), (9...15).contains(asked) else { return nil }
        bits = asked
      default: return nil
      }
    }
    return bits
  }
}

/// Links in texts.
enum Links {
  /// The addresses that begin with `http://` or `https://`, each once.
  static func found(in text: String) -> [String] {
    var found: [String] = []
    for word in text.split(whereSeparator: { $0.isWhitespace || "<>\"'".contains($0) }) {
      guard let start = ["http://", "https://"].compactMap({ word.start(of: $0) }).min()
      else { continue }
      let link = String(word[start...])
      if !found.contains(link) { found.append(link) }
    }
    return found
  }

  /// A text as the value of a query: all but what may stand anywhere is escaped (RFC 3986, section 2.3).
  static func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Substring {
  /// Where a text in small letters begins in it, in whatever case.
  fileprivate func start(of text: String) -> Index? {
    indices.first { index in
      self[index...].prefix(text.count).lowercased() == text
    }
  }
}

/// Cutting texts, so that no character is left in halves: neither of UTF-8 nor of what people see as one.
enum TextCut {
  static let ellipsis = "…"

  /// The text where it has at most so many bytes of UTF-8; else as many of its characters as fit together with an
  /// ellipsis, or nothing where not even that fits.
  static func prefix(of text: String, bytes limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var room = limit - ellipsis.utf8.count
    guard room >= 0 else { return "" }
    var end = text.startIndex
    while end < text.endIndex {
      let next = text.index(after: end)
      room -= text.utf8[end..<next].count
      guard room >= 0 else { break }
      end = next
    }
    return text[..<end] + ellipsis
  }
}

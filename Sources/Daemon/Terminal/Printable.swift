extension String {
  /// Without control characters: what others write must not move this terminal's cursor.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }

  /// Cut or filled up to a width in characters.
  func column(_ width: Int) -> String {
    count > width ? String(prefix(width - 1)) + "…" : self + String(repeating: " ", count: width - count)
  }

  /// Filled up in front to a width in characters.
  func right(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

/// Writes faults for people and for programs.
public struct FaultReport: Sendable {
  private let file: String
  private let lines: [Substring]
  /// The faults in the order of the file, without those that only follow from others.
  public let faults: [Fault]

  /// Where libyaml counts a new line (YAML 1.1, section 4.2): `\r\n` is one break, and one character.
  static let lineBreaks: Set<Character> = ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"]

  /// A report on a file's faults, which it puts into the order of the file.
  public init(file: String, source: [UInt8], faults: [Fault]) {
    self.file = file
    lines = Substring(String(decoding: YAMLComposer.withoutByteOrderMark(source), as: UTF8.self))
      .split(omittingEmptySubsequences: false) { Self.lineBreaks.contains($0) }
    self.faults = Self.causes(among: faults).sorted { $0.mark < $1.mark }
  }

  /// The faults but for what is said of values that could not be had, beyond the first that says so.
  private static func causes(among faults: [Fault]) -> [Fault] {
    var hiding: [Mark: Int] = [:]
    for (index, fault) in faults.enumerated() {
      for mark in fault.hides where hiding[mark] == nil { hiding[mark] = index }
    }
    return faults.enumerated().filter { index, fault in (hiding[fault.mark] ?? index) == index }.map(
      \.element)
  }

  /// `FILE:LINE:COL: error: message`, each with the line as it stands in the file and a caret under the column.
  public var text: String {
    var text = ""
    var last: (number: Int, line: ShownLine)?
    for fault in faults {
      let mark = fault.mark
      text += "\(file):\(mark.line):\(mark.column): \(fault.severity.rawValue): \(fault.message)\n"
      guard lines.indices.contains(mark.line - 1) else { continue }
      let line = last?.number == mark.line ? last?.line : nil
      let shown = line ?? ShownLine(lines[mark.line - 1])
      last = (mark.line, shown)
      text += shown.excerpt(at: mark.column)
    }
    return text
  }

  /// A text as it may be shown: see the same of a line.
  public static func withoutPassword(_ text: String) -> String { String(withoutPassword(Array(text))) }

  /// A line as it may be shown: the password of an address in it, between `://USER:` and `@` or behind `password=`, is crossed
  /// out, at the same length.
  static func withoutPassword(_ line: [Character]) -> [Character] {
    var line = line
    var start = 0
    while let scheme = line.indices.dropFirst(start).first(where: { line[$0...].starts(with: "://") }) {
      start = scheme + 3
      let authority = line[start...].prefix { $0 != "/" && !$0.isWhitespace }
      guard let end = authority.lastIndex(of: "@"), let colon = authority[..<end].firstIndex(of: ":") else {
        continue
      }
      for index in colon + 1..<end { line[index] = "*" }
    }
    start = 0
    while let name = line.indices.dropFirst(start).first(where: { line[$0...].starts(with: "password=") }) {
      start = name + 9
      while start < line.count, line[start] != "&", !line[start].isWhitespace {
        line[start] = "*"
        start += 1
      }
    }
    return line
  }

  /// A JSON array of `{file, line, column, severity, message}`.
  public var json: String {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for (index, fault) in faults.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      var writer = JSONObjectWriter()
      writer.member("file", file)
      writer.member("line", fault.mark.line)
      writer.member("column", fault.mark.column)
      writer.member("severity", fault.severity.rawValue)
      writer.member("message", fault.message)
      bytes += writer.finish()
    }
    bytes.append(UInt8(ascii: "]"))
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }
}

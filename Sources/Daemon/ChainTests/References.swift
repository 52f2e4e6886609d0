import Pipeline

/// What texts of a test may refer to, as `$name`: the number of the event in its step, and what earlier steps have kept of
/// their answers.
struct References {
  /// The name of the number.
  static let numberName = "n"

  /// The number of the event in its step; `nil` where there is none.
  var number: Int?
  private var kept: [String: JSONValue] = [:]

  var names: [String] { kept.keys.sorted() }

  /// Keeps a value under a name.
  mutating func keep(_ value: JSONValue, as name: String) { kept[name] = value }

  /// Whether a text may be a name.
  static func isName(_ text: String) -> Bool {
    guard let first = text.first, isStart(first) else { return false }
    return text.allSatisfy(isPart)
  }

  /// The JSON value that a node stands for, with what it refers to filled in. A text that is nothing but a reference is
  /// the kept value itself.
  func value(of node: YAMLNode) -> JSONValue {
    switch node.value {
    case .sequence(let items): return .array(items.map { value(of: $0) })
    case .mapping(let entries):
      return .object(
        Dictionary(entries.map { ($0.key, value(of: $0.value)) }) { first, _ in first })
    case .scalar(let text, let isPlain):
      if text.hasPrefix("$"), let value = kept[String(text.dropFirst())] { return value }
      let filled = filled(text)
      // What was filled in is a text, however it looks.
      return filled == text && isPlain ? Self.plain(text) : .string(filled)
    }
  }

  /// The names that a node refers to, with the places of the texts that do.
  static func names(in node: YAMLNode) -> [(name: String, mark: Mark)] {
    switch node.value {
    case .sequence(let items): items.flatMap(names)
    case .mapping(let entries): entries.flatMap { names(in: $0.value) }
    case .scalar(let text, _): pieces(of: text).compactMap { $0.name.map { ($0, node.mark) } }
    }
  }

  private func filled(_ text: String) -> String {
    guard text.contains("$") else { return text }
    return Self.pieces(of: text).reduce(into: "") { result, piece in
      result += piece.text
      guard let name = piece.name else { return }
      if name == Self.numberName, let number {
        result += String(number)
      } else if let value = kept[name] {
        result += value.string ?? value.text
      }
    }
  }

  /// A text in pieces, each with the name that is referred to behind it. A dollar sign that no name follows is itself.
  private static func pieces(of text: String) -> [(text: String, name: String?)] {
    var pieces: [(text: String, name: String?)] = []
    var plain = ""
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      plain += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let name = rest.first.map(isStart) == true ? rest.prefix(while: isPart) : ""
      if name.isEmpty {
        plain += "$"
        if rest.first == "$" { rest = rest.dropFirst() }
      } else {
        pieces.append((plain, String(name)))
        plain = ""
        rest = rest[name.endIndex...]
      }
    }
    return pieces + [(plain + rest, nil)]
  }

  private static func isStart(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character == "_")
  }

  private static func isPart(_ character: Character) -> Bool {
    isStart(character) || character.isASCII && character.isNumber
  }

  /// What a text without quotes is: null, a truth value, a number as JSON writes it, or itself.
  private static func plain(_ text: String) -> JSONValue {
    switch text {
    case "", "~", "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default:
      if let value = try? JSONValue(parsing: Array(text.utf8)), case .number = value { return value }
      return .string(text)
    }
  }
}

import Pipeline

/// Where a JSON value is not what a node describes: members that the node does not name may be anything, lists have to
/// agree in length.
struct JSONComparison {
  private(set) var differences: [Mismatch] = []
  private let references: References

  /// - Parameter path: What the value is to the reader: `answer.data`.
  init(_ expected: YAMLNode, _ found: JSONValue?, path: String, _ references: References) {
    self.references = references
    compare(expected, found, path)
  }

  private mutating func compare(_ expected: YAMLNode, _ found: JSONValue?, _ path: String) {
    switch (expected.value, found) {
    case (.mapping(let entries), .object(let members)):
      for entry in entries { compare(entry.value, members[entry.key], "\(path).\(entry.key)") }
    case (.sequence(let items), .array(let elements)) where items.count == elements.count:
      for (index, item) in items.enumerated() { compare(item, elements[index], "\(path)[\(index)]") }
    default:
      let value = references.value(of: expected)
      guard !Self.isSame(value, found) else { return }
      differences.append(
        Mismatch(
          expected.mark, "expected \(path) to be \(value.text.shortened), found \(found.shown)"))
    }
  }

  private static func isSame(_ expected: JSONValue, _ found: JSONValue?) -> Bool {
    if case .number(let one) = expected, case .number(let other)? = found {
      return one == other || Double(one) == Double(other)
    }
    return expected == found
  }
}

/// An expectation that was not met.
struct Mismatch: Sendable, Equatable {
  /// Where the expectation stands.
  let mark: Mark
  /// What was expected and what was found.
  let message: String

  init(_ mark: Mark, _ message: String) {
    self.mark = mark
    self.message = message
  }
}

extension JSONValue? {
  /// As a line of a report shows it.
  fileprivate var shown: String { self?.text.shortened ?? "nothing" }
}

extension String {
  /// No longer than a line of a report can bear, and without what would move the terminal's cursor.
  var shortened: String { count > 300 ? String(prefix(299)).printable + "…" : printable }
}

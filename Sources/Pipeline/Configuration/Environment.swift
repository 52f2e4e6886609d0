/// Fills `${VAR}` and `${VAR:-default}` from the environment; `$$` stands for a dollar sign.
///
/// It works on values that have been read, so what a variable holds is never taken for YAML.
struct Environment {
  private let variables: [String: String]

  init(_ variables: [String: String]) { self.variables = variables }

  /// The node with all variables filled in; what can't be is among the faults.
  func filled(_ node: YAMLNode, _ faults: inout [Fault]) -> YAMLNode {
    var node = node
    switch node.value {
    case .scalar(let text, let isPlain):
      guard text.contains("$") else { return node }
      do throws(Problem) {
        node.value = .scalar(try filled(text), isPlain: isPlain)
      } catch {
        faults.append(.unreadable(node.mark, error.message))
      }
    case .sequence(let items): node.value = .sequence(items.map { filled($0, &faults) })
    case .mapping(let entries):
      node.value = .mapping(
        entries.map { entry in
          var entry = entry
          entry.value = filled(entry.value, &faults)
          return entry
        })
    }
    return node
  }

  private struct Problem: Error { let message: String }

  private func filled(_ text: String) throws(Problem) -> String {
    var result = ""
    var missing: [String] = []
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "$" {
        result += "$"
        rest = rest.dropFirst()
      } else if rest.first == "{" {
        guard let end = rest.firstIndex(of: "}") else {
          throw Problem(message: "'${' has no '}'; a dollar sign itself is written '$$'")
        }
        result += try value(of: rest[rest.index(after: rest.startIndex)..<end], &missing)
        rest = rest[rest.index(after: end)...]
      } else {
        result += "$"
      }
    }
    guard let first = missing.first else { return result + rest }
    let names = missing.map { "'\($0)'" }.joined(separator: ", ")
    let problem =
      missing.count == 1
      ? "the variable \(names) is not set; set it" : "the variables \(names) are not set; set them"
    throw Problem(message: "\(problem), or give a default: ${\(first):-default}")
  }

  private func value(of expression: Substring, _ missing: inout [String]) throws(Problem) -> String {
    if expression.contains("$") { throw Problem(message: "'${…}' can't stand within '${…}'") }
    let separator = expression.firstRange(of: ":-")
    let name = String(expression[..<(separator?.lowerBound ?? expression.endIndex)])
    guard let first = name.first, first.isLetter || first == "_",
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    else { throw Problem(message: "'\(name)' is no name of a variable") }
    if let value = variables[name], !value.isEmpty { return value }
    if let separator { return String(expression[separator.upperBound...]) }
    if variables[name] == nil, !missing.contains(name) { missing.append(name) }
    return variables[name] ?? ""
  }
}

extension Substring {
  /// Where a text stands in it first.
  fileprivate func firstRange(of text: String) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}

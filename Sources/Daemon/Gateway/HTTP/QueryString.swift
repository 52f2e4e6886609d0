/// The parameters of a request's target: `/path?name=value&…`, percent-decoded (RFC 3986, section 2.1).
struct QueryString: Equatable {
  /// What comes before the question mark.
  let path: String
  private let parameters: [(name: String, value: String)]

  /// `nil` where an escape is malformed, or what it stands for is no UTF-8 or holds NUL.
  init?(target: String) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    var parameters: [(name: String, value: String)] = []
    for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0]), let value = sides.count > 1 ? Self.decoded(sides[1]) : ""
      else {
        return nil
      }
      parameters.append((name, value))
    }
    self.parameters = parameters
  }

  /// All parameters, in their order.
  var all: [(name: String, value: String)] { parameters }

  /// The parts of the path, percent-decoded; `nil` where one is malformed.
  var pathParts: [String]? {
    var parts: [String] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      guard let decoded = Self.decoded(part) else { return nil }
      parts.append(decoded)
    }
    return parts
  }

  /// The first value of a parameter.
  subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

  static func == (lhs: QueryString, rhs: QueryString) -> Bool {
    lhs.path == rhs.path && lhs.parameters.elementsEqual(rhs.parameters, by: ==)
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, rest.first != UInt8(ascii: "+"), rest.first != UInt8(ascii: "-"),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
        value != 0
      else { return nil }
      rest = rest.dropFirst(2)
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

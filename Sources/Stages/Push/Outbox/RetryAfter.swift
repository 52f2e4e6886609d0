import Pipeline

/// What a server's `Retry-After` says (RFC 9110 section 10.2.3): seconds, or a moment as an HTTP date.
enum RetryAfter {
  /// Beyond this nobody means it.
  static let most = Duration.seconds(86_400)

  /// How long to wait from `now` on; `nil` where the value says neither.
  static func wait(_ value: String, at now: Timestamp) -> Duration? {
    let text = value.trimmed
    if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return .seconds(min(Int64(text) ?? .max, most.components.seconds))
    }
    guard let moment = moment(text) else { return nil }
    return min(max(.milliseconds(moment.milliseconds - now.milliseconds), .zero), most)
  }

  /// The moment of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
  private static func moment(_ text: String) -> Timestamp? {
    let parts = text.split(separator: " ")
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard parts.count == 6, parts[5] == "GMT", parts[1].utf8.count == 2, parts[3].utf8.count == 4,
      let month = months.firstIndex(of: String(parts[2]))
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
  }
}

extension String {
  /// Without the spaces around it.
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}

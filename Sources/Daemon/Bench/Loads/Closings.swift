import Pipeline

/// Connections that the server closed, by its code, where 0 is for none.
enum Closings {
  static func text(_ closed: [UInt16: Int]) -> String {
    closed.sorted { $0.key < $1.key }.map { code, count in
      code == 0 ? "\(count) without a code" : "\(count) with code \(code)"
    }.joined(separator: ", ")
  }

  /// Adds them as an array; a code of `null` is for none.
  static func write(_ closed: [UInt16: Int], to object: inout JSONObjectWriter) {
    object.array("closings", of: closed.sorted { $0.key < $1.key }) { object, one in
      if one.key == 0 { object.null("code") } else { object.member("code", Int(one.key)) }
      object.member("count", one.value)
    }
  }
}

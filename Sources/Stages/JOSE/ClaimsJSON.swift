import Pipeline

/// Headers and claims as JSON values.
typealias ClaimsJSON = JSONValue

extension ClaimsJSON {
  /// Whether this is an object.
  var isObject: Bool { if case .object = self { true } else { false } }
}

public import Pipeline

/// What an answer says, for the expectations of a test.
extension Reply {
  /// A text in the answer's data.
  public func text(_ key: String) -> String? { event.content?.string(key) }

  /// A whole number in the answer's data.
  public func integer(_ key: String) -> Int? { event.content?.integer(key) }

  /// A truth value in the answer's data.
  public func bool(_ key: String) -> Bool? { event.content?.bool(key) }
}

extension OutgoingEvent {
  /// Its data, to be looked into.
  public var content: EventData? { try? EventData(json: Array(data)) }
}

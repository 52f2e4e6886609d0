public import Pipeline

/// The key under which stages find the generator of message ids: one a process, since it makes ids in order.
public enum MessageIDsKey: ServiceKey {
  /// The generator.
  public typealias Service = MessageIDGenerator
}

extension StageContext {
  /// The generator of message ids.
  ///
  /// - Throws: `StageStartError` where this process has none.
  public var messageIDs: MessageIDGenerator { get throws { try require(MessageIDsKey.self) } }
}

extension RedisLink {
  /// What is told about it, on its event loop.
  struct Watcher: Sendable {
    /// Commands can be sent in a moment; with whether there was a life before this one.
    var opening: @Sendable (_ isReturn: Bool) -> Void = { _ in }
    /// Commands can be sent.
    var opened: @Sendable () -> Void = {}
    /// The connection was lost, or could not be opened.
    var closed: @Sendable () -> Void = {}
    /// Something came on the channel.
    var delivered: @Sendable ([UInt8]) -> Void = { _ in }
  }
}

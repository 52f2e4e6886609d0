/// How commands find the server that they are for.
protocol CommandRoute: Sendable {
  /// Whether all of the servers can be reached.
  var isOpen: Bool { get }

  /// Whether keys live in slots, so that a command of several must keep to one.
  var isSharded: Bool { get }

  /// Connects. Returns the fault of the first attempt, if there was one; attempts go on in any case.
  func start() async -> RedisError?

  /// Sends commands.
  ///
  /// - Parameter isOrdered: Whether they have to arrive after all that were sent so before, as far as they are for the
  ///   same server; else the caller's own event loop takes them.
  func submit(_ batch: CommandBatch, isOrdered: Bool)

  /// Waits for what is outstanding, then closes.
  func close() async
}

/// The way to a single server.
final class SingleRoute: CommandRoute {
  private let links: LinkSet

  init(_ links: LinkSet) { self.links = links }

  var isOpen: Bool { links.isOpen }
  var isSharded: Bool { false }

  func start() async -> RedisError? {
    links.begin()
    return await links.firstFault()
  }

  func submit(_ batch: CommandBatch, isOrdered: Bool) {
    (isOrdered ? links.ordered : links.current).submit(batch)
  }

  func close() async { await links.close() }
}

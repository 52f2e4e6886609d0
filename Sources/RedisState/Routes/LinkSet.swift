import Logging
import NIOCore
import NIOPosix

/// What it takes to make links: the same for all servers.
struct LinkFactory: Sendable {
  let loops: [any EventLoop]
  let dialer: RedisDialer
  let greeting: Greeting
  let options: RedisOptions
  let counters: RedisCounters
  let logger: Logger
  let watcher: RedisLink.Watcher
}

/// The connections to one server: one for each event loop.
///
/// Callers on an event loop of the group use that loop's connection; all others, and all whose order matters for the
/// node as a whole, use the first.
final class LinkSet: Sendable {
  private let links: [RedisLink]
  private let linkByLoop: [ObjectIdentifier: RedisLink]
  let ordered: RedisLink

  /// - Parameter dialer: Where the server is.
  init(_ factory: LinkFactory, _ dialer: RedisDialer) {
    // Presence is written on the first alone, so it alone can lose any. It speaks for the others too.
    let quiet = RedisLink.Watcher(closed: factory.watcher.closed)
    links = factory.loops.enumerated().map { index, loop in
      RedisLink(
        on: loop, dialer, factory.greeting, factory.options, factory.counters,
        logger: index == 0 ? factory.logger : nil, index == 0 ? factory.watcher : quiet)
    }
    ordered = links[0]
    linkByLoop = Dictionary(uniqueKeysWithValues: links.map { (ObjectIdentifier($0.loop), $0) })
  }

  /// The connection of the caller's event loop.
  var current: RedisLink {
    MultiThreadedEventLoopGroup.currentEventLoop.flatMap { linkByLoop[ObjectIdentifier($0)] } ?? ordered
  }

  /// Whether all of them are open.
  var isOpen: Bool { links.allSatisfy(\.isOpen) }

  /// Begins to connect.
  func begin() { for link in links { link.start() } }

  /// Waits for what the first attempts come to.
  func firstFault() async -> RedisError? { await RedisLink.faults(of: links) }

  /// Closes at once.
  func stop() async { for link in links { await link.stop() } }

  /// Waits for what is outstanding, then closes.
  func close() async {
    for link in links {
      await withCheckedContinuation { next in link.submit(CommandBatch.ping { _ in next.resume() }) }
    }
    await stop()
  }
}

extension RedisLink {
  /// What the first attempts of links come to: the gravest of their faults.
  static func faults(of links: [RedisLink]) async -> RedisError? {
    var fault: RedisError?
    for link in links {
      do { try await link.firstAttempt.outcome().get() } catch {
        let error = error as? RedisError ?? RedisError("\(error)")
        if fault == nil || error.isLasting { fault = error }
      }
    }
    return fault
  }
}

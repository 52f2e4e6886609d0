import NIOCore
import Services
import Synchronization

/// The backlog of a device that has joined without its being known from where in the feed on it is to be told: for all
/// threads. What is due is handed to the device's loop within the lock, so that nothing that comes later gets before it.
final class JoinQueue: Sendable {
  /// How many such devices there have been with it.
  let number: UInt64
  private let backlog: Mutex<JoinBacklog>

  init(number: UInt64, from position: Position, limit: Int) {
    self.number = number
    backlog = Mutex(JoinBacklog(from: position, limit: limit))
  }

  /// Whether an event for the device needs not be sent by whoever has it: it waits, or the device is cut off.
  func keeps(_ event: [UInt8], at position: Position?, for outbox: Outbox) -> Bool {
    switch backlog.withLock({ $0.take(event, at: position) }) {
    case .due: return false
    case .waits: return true
    case .tooMuch:
      outbox.loop.eventLoop.execute { outbox.overflow() }
      return true
    }
  }

  /// Sends what is due now that the feed was read; `true` where nothing waits any more.
  func read(
    upTo complete: Position, frontier: Position?, at now: UInt64, for outbox: Outbox
  ) -> Bool {
    backlog.withLock { backlog in
      let due = backlog.read(upTo: complete, frontier: frontier, at: now)
      outbox.loop.send(due.map { (outbox, $0) })
      return backlog.isOver
    }
  }
}

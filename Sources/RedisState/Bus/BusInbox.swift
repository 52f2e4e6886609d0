import Logging
import Services
import Synchronization

/// Where what comes on this node's channel goes.
final class BusInbox: Sendable {
  private let heldListener = Mutex<(any NodeBusListener)?>(nil)
  private let logger: Logger

  init(_ logger: Logger) { self.logger = logger }

  /// Who takes frames.
  var listener: (any NodeBusListener)? { heldListener.withLock { $0 } }

  func listen(_ listener: any NodeBusListener) { heldListener.withLock { $0 = listener } }

  /// The channel is open. Whoever listens already missed what came until now.
  func opened() { listener?.framesMayBeLost() }

  /// Takes what came on the channel. Returns whether a node has come or gone.
  func take(_ bytes: [UInt8]) -> Bool {
    guard let frame = BusFrame(bytes) else {
      logger.debug("a frame of another version was dropped", metadata: ["bytes": "\(bytes.count)"])
      return false
    }
    if frame.kind == .notice { return true }
    listener?.received(Array(frame.payload), from: frame.sender)
    return false
  }
}

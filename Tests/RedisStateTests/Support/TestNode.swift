import Logging
import NIOCore
import NIOPosix
import Pipeline
@_spi(Testing) import RedisState
import Services
import Synchronization

/// A node in a test: a state with its own event loops, and what it heard.
final class TestNode: NodeBusListener, Sendable {
  let state: RedisState
  let id: NodeID
  private let heard = Mutex<(frames: [(NodeID, [UInt8])], interruptions: Int, abandoned: [String])>(
    ([], 0, []))
  private let devices = Mutex<[(user: String, device: ConnectionID)]>([])
  private let held = Mutex<Set<String>>([])
  /// Called when frames may be lost from now on.
  let whenInterrupted = Mutex<(@Sendable () -> Void)?>(nil)

  /// A quick heartbeat, so that tests need not wait, and long times elsewhere, so that a busy machine fails none.
  static var options: RedisOptions {
    var options = RedisOptions()
    options.timeout = .seconds(10)
    options.connectTimeout = .seconds(10)
    options.lease = .seconds(30)
    options.heartbeat = .milliseconds(100)
    return options
  }

  /// The times of a node whose death is soon noticed.
  static var mortal: RedisOptions {
    var options = options
    options.lease = .milliseconds(600)
    return options
  }

  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init(
    _ url: RedisURL, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    options: RedisOptions = TestNode.options
  ) async throws {
    id = NodeID.random()
    state = try await RedisState(url: url, group: group, node: id, logger: Self.quiet, options: options)
    state.listen(self)
    state.watchAbandoned { users in self.heard.withLock { $0.abandoned += users } }
  }

  func received(_ bytes: [UInt8], from node: NodeID) { heard.withLock { $0.frames.append((node, bytes)) } }
  func busIsInterrupted() { whenInterrupted.withLock { $0 }?() }

  func framesMayBeLost() { heard.withLock { $0.interruptions += 1 } }
  func busWasInterrupted() { heard.withLock { $0.interruptions += 1 } }
  func connectedDevices() -> [(user: String, device: ConnectionID)] { devices.withLock { $0 } }
  func holds(_ user: String) -> Bool { held.withLock { $0.contains(user) } }

  var frames: [(node: NodeID, bytes: [UInt8])] { heard.withLock { $0.frames } }
  var interruptions: Int { heard.withLock { $0.interruptions } }
  var abandoned: [String] { heard.withLock { $0.abandoned } }

  /// Has a device connect.
  @discardableResult
  func connect(_ user: String, _ device: UInt64) async throws -> Bool {
    devices.withLock { $0.append((user, ConnectionID(rawValue: device))) }
    let cameOnline = try await state.arrive(user, device)
    _ = held.withLock { $0.insert(user) }
    return cameOnline
  }

  /// Has a device disconnect without the state being told.
  func loseQuietly(_ user: String) {
    devices.withLock { $0.removeAll { $0.user == user } }
    _ = held.withLock { $0.remove(user) }
  }

  /// Has a device disconnect.
  @discardableResult
  func disconnect(_ user: String, _ device: UInt64) async throws -> Bool {
    let isHeld = devices.withLock { devices in
      devices.removeAll { $0.user == user && $0.device.rawValue == device }
      return devices.contains { $0.user == user }
    }
    if !isHeld { _ = held.withLock { $0.remove(user) } }
    return try await state.depart(user, device)
  }
}

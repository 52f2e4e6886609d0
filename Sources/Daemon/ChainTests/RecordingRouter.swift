import Pipeline
import Services
import Synchronization

/// The way to devices in a test of a chain: everybody is connected, and what they get is written down.
final class RecordingRouter: Router, Sessions, Liveness {
  private let delivered = Mutex<[(user: String, event: OutgoingEvent)]>([])
  private let loop: VirtualLoop

  /// - Parameter loop: Woken when something is delivered.
  init(loop: VirtualLoop) { self.loop = loop }

  /// How many events were delivered since they were taken.
  var count: Int { delivered.withLock { $0.count } }

  /// What was delivered and was not taken yet.
  var all: [(user: String, event: OutgoingEvent)] { delivered.withLock { $0 } }

  /// Takes what was delivered.
  func take() -> [(user: String, event: OutgoingEvent)] {
    delivered.withLock { delivered in
      defer { delivered = [] }
      return delivered
    }
  }

  func deliver(_ deliveries: [Delivery]) {
    delivered.withLock { $0 += deliveries.map { ($0.userID, $0.event) } }
    loop.execute {}
  }

  func connected(among users: [String]) -> [String] { users }

  // There are no connections that could end.
  func disconnect(_ user: String) {}
  func disconnect(_ user: String, tokensBefore moment: Timestamp) {}
  func replace(_ device: PlacedDevice, of user: String) {}

  func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void) { then(users) }

  func heard(among users: Set<String>, since moment: UInt64) -> Set<String> { users }

  func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void
  ) {}
}

/// The way to other servers in a test: there is none.
struct NoWeb: WebFetcher, WebSender {
  func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse {
    throw WebFault("a test of a chain has no network")
  }

  func post(_ request: WebPost) async throws -> WebAnswer {
    throw WebFault("a test of a chain has no network")
  }
}

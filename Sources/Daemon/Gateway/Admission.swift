import Synchronization

/// What bounds connections before anybody knows whose they are.
final class AdmissionLimits: Sendable {
  private let unauthenticated = Atomic<Int>(0)
  private let byCustomer = Mutex<[IPAddress: Int]>([:])

  /// How many connections nobody has been authenticated on.
  var unauthenticatedCount: Int { unauthenticated.load(ordering: .relaxed) }

  fileprivate func beginUnauthenticated(limit: Int) -> Bool {
    guard unauthenticated.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
    endUnauthenticated()
    return false
  }

  fileprivate func endUnauthenticated() { unauthenticated.wrappingSubtract(1, ordering: .relaxed) }

  fileprivate func begin(_ customer: IPAddress, limit: Int) -> Bool {
    byCustomer.withLock { counts in
      let count = counts[customer, default: 0]
      guard count < limit else { return false }
      counts[customer] = count + 1
      return true
    }
  }

  fileprivate func end(_ customer: IPAddress) {
    byCustomer.withLock { counts in
      guard let count = counts[customer] else { return }
      counts[customer] = count > 1 ? count - 1 : nil
    }
  }
}

/// One connection's share of the limits, given back when it ends; there is one of it, so that this is done once.
///
/// Whoever has it says whose limits they are, since that takes memory in every connection else.
struct Admission: ~Copyable {
  private var customer: IPAddress?
  private var isUnauthenticated = true

  /// A connection that has just been made; `nil` where too many are unauthenticated.
  init?(_ limits: AdmissionLimits, mostUnauthenticated: Int) {
    guard limits.beginUnauthenticated(limit: mostUnauthenticated) else { return nil }
  }

  /// Counts the connection under its client's address, once.
  ///
  /// - Parameter limit: How many one customer may have; `nil` for any number.
  /// - Returns: `false` where that is more than it may have.
  mutating func count(_ address: IPAddress?, limit: Int?, in limits: AdmissionLimits) -> Bool {
    guard let limit, let address, customer == nil else { return true }
    guard limits.begin(address.customer, limit: limit) else { return false }
    customer = address.customer
    return true
  }

  /// Somebody has been authenticated on the connection.
  mutating func authenticated(in limits: AdmissionLimits) {
    guard isUnauthenticated else { return }
    isUnauthenticated = false
    limits.endUnauthenticated()
  }

  /// The connection has ended.
  mutating func end(in limits: AdmissionLimits) {
    authenticated(in: limits)
    if let customer { limits.end(customer) }
    customer = nil
  }
}

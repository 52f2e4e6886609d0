import Pipeline
import Services

/// Which limits an event has to pass, worked out once so that asking allocates nothing but the requests.
struct RateLimits: Sendable {
  /// One limit, counted apart for users and for addresses, so that nobody's user id is another's address.
  private struct Limit: Sendable {
    let userScope: String
    let addressScope: String
    let interval: UInt64
    let burst: Int

    init(_ name: String, type: String? = nil, interval: UInt64, burst: Int) {
      let suffix = type.map { ":\($0)" } ?? ""
      userScope = name + suffix
      addressScope = name + "@ip" + suffix
      self.interval = interval
      self.burst = burst
    }
  }

  private let general: Limit
  private let perType: [EventType: Limit]
  private let byUser: Bool

  /// Nanoseconds an event at 50 events a second.
  private static let defaultInterval: UInt64 = 20_000_000

  /// The limits of a stage named `name`. A type's own limit allows as many at once as its rate names.
  init(_ configuration: RateLimitConfiguration, name: String) {
    general = Limit(
      name, interval: configuration.rate?.interval ?? Self.defaultInterval, burst: configuration.burst ?? 100)
    byUser = (configuration.by ?? .user) == .user
    perType = Dictionary(
      uniqueKeysWithValues: (configuration.perType ?? [:]).map { type, rate in
        let limit = Limit(name, type: type, interval: rate.interval, burst: max(1, rate.count))
        return (EventType(rawValue: type), limit)
      })
  }

  /// Appends the questions that decide on `event`, and tells how many there are.
  func ask(about event: Event, _ requests: inout [AdmissionRequest]) -> Int {
    let cost = Self.cost(of: event)
    guard cost > 0, event.identity?.isBackend != true else { return 0 }
    requests.append(request(general, event, cost))
    guard !perType.isEmpty, let limit = perType[event.type] else { return 1 }
    requests.append(request(limit, event, cost))
    return 2
  }

  private func request(_ limit: Limit, _ event: Event, _ cost: Int) -> AdmissionRequest {
    // What costs more than the burst could never pass, however long one waits.
    let cost = min(cost, limit.burst)
    if byUser, let identity = event.identity {
      return AdmissionRequest(
        scope: limit.userScope, subject: identity.userID, interval: limit.interval, burst: limit.burst,
        cost: cost)
    }
    return AdmissionRequest(
      scope: limit.addressScope, subject: event.connection.remoteAddress, interval: limit.interval,
      burst: limit.burst, cost: cost)
  }

  /// A receipt for many messages counts as many events; more than 100 are refused later, whatever they cost.
  private static func cost(of event: Event) -> Int {
    if event.type == .query { return event.data.bool("changes") == true ? 1 : 0 }
    guard event.type == .messageRead || event.type == .messageDelivered,
      let ids = event.data.strings("messageIds")
    else { return 1 }
    return min(100, max(1, ids.count))
  }
}

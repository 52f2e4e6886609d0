import Pipeline
import Services

/// One event for 100 receivers: encoded once, and a frame for each.
struct FanOut: Scenario {
  static let name = "fan-out-100"
  static let eventsPerRound = 1
  private static let receivers = 0..<100
  private let crowd: Crowd
  private let names = receivers.map { Crowd.user($0) }

  init() throws { crowd = try Crowd(Self.receivers.count) }

  mutating func round() throws -> Int {
    let event = OutgoingEvent(.userPresenceUpdate) { data in
      data.member("userId", "user-1")
      data.member("status", "online")
      data.member("lastSeen", Timestamp(milliseconds: 1_767_225_600_000))
    }
    crowd.deliver(names.map { Delivery(to: $0, event) })
    crowd.turn()
    return try Self.receivers.reduce(0) { try $0 + crowd.takeFrames(of: $1) } / Self.receivers.count
  }
}

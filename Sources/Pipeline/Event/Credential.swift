import Synchronization

/// What identities rest on, such as the key that has confirmed their tokens. It can be withdrawn; whoever rests on it
/// then has a while to show another.
public final class Credential: Sendable {
  /// How long identities live on after their credential was withdrawn.
  public static let grace = Duration.seconds(30)

  private let withdrawal = Atomic<Int64>(Int64.max)

  /// A credential that is good.
  public init() {}

  /// Whether it was withdrawn: nothing new may rest on it.
  public var isWithdrawn: Bool { withdrawal.load(ordering: .relaxed) != Int64.max }

  /// When identities that rest on it end; `nil` while it is good.
  public var endsAt: Timestamp? {
    let milliseconds = withdrawal.load(ordering: .relaxed)
    return milliseconds == Int64.max ? nil : Timestamp(milliseconds: milliseconds) + Self.grace
  }

  /// Withdraws it. The first time counts.
  public func withdraw(at now: Timestamp) {
    _ = withdrawal.compareExchange(expected: Int64.max, desired: now.milliseconds, ordering: .relaxed)
  }
}

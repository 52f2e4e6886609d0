public import Pipeline

/// What waits in the outbox of a service.
public struct PushBacklog: Sendable, Equatable {
  /// How long jobs are kept at the most, whatever their service says: also where it is in no chain any more. No push
  /// service keeps a message for longer than four weeks.
  public static let longestWait = Duration.seconds(28 * 86_400)

  /// How many jobs, those under way included; counted up to a limit.
  public var count: Int
  /// When the job of the oldest message was first due; `nil` where there is none.
  public var oldestDue: Timestamp?

  /// A backlog by its parts.
  public init(count: Int, oldestDue: Timestamp? = nil) {
    self.count = count
    self.oldestDue = oldestDue
  }
}

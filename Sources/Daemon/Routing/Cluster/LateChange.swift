import Services
import Stages

/// Something that is handed over after the feed was read: an event that was held back, or what was found there.
enum LateChange {
  /// A message that may be new to its sides.
  case new(FeedPage.Entry)
  /// What became of a message.
  case changes(FeedPage.Entry)
  case held(FollowerState.Held)

  /// Whether it was found in the feed.
  var isFound: Bool { if case .held = self { false } else { true } }

  /// Puts what was found, and what was held back, into the order of the feed. What is not in the feed comes last.
  static func inOrder(_ found: [FeedPage.Entry], _ held: [FollowerState.Held]) -> [LateChange] {
    var changes: [(place: Position, change: LateChange)] = []
    for entry in found {
      changes.append((entry.places.born, .new(entry)))
      if entry.message.position > entry.places.born {
        changes.append((entry.message.position, .changes(entry)))
      }
    }
    for one in held { changes.append((one.delivery.position ?? .max, .held(one))) }
    // By their places among themselves too: what was held back of one place keeps its order.
    return changes.enumerated()
      .sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element.change)
  }

  /// The events that are to be handed over now, of which nobody has told.
  ///
  /// - Parameter limit: What was found behind this place in the feed is left for later.
  func deliveries(upTo limit: Position, _ claim: FeedEvents.Claim) -> [Delivery] {
    let due: FeedEvents.Claim = { position, users in position <= limit ? claim(position, users) : [] }
    return switch self {
    case .new(let entry): FeedEvents.new(entry, due)
    case .changes(let entry): FeedEvents.changes(of: entry, due)
    case .held(let held):
      if held.isOwn || held.delivery.position.map({ !claim($0, [held.delivery.userID]).isEmpty }) ?? true {
        [held.delivery]
      } else {
        []
      }
    }
  }
}

import Logging
public import Pipeline
import Services

/// Stores messages, receipts, edits and deletions: the commit point of a chain.
///
/// All changes of a batch go to the store in one write. What was stored has its answer, its ``DeliveriesKey`` for
/// fan-out and its ``PositionsKey``; when it has ended, however that was, its places in the feed are ended in the
/// store's horizon. The first event of a user, `CONNECT` and `AUTH` included, also tells the store of the user,
/// which holds up nothing.
public struct Persist: DeferringStage {
  /// The name in `pipeline.yaml`.
  public static let name = "persist"
  /// What the stage does, in a line.
  public static let summary = "stores messages, receipts, edits and deletions; the chain's commit point"
  /// The keys of its configuration.
  public static let options = PersistConfiguration.options
  /// Messages, receipts, edits and deletions; connecting and authenticating, for the users that they show.
  public static let events: EventFilter = .only(
    .newMessage, .messageRead, .messageDelivered, .editMessage, .deleteMessage, .connect, .auth)
  /// The places in the feed of stored events are ended with them.
  public static let hearsSettlements = true

  /// The types that ask something of the store.
  private static let changes: EventFilter = .only(
    .newMessage, .messageRead, .messageDelivered, .editMessage, .deleteMessage)

  private let store: any Store
  private let messageIDs: MessageIDGenerator
  private let parser: NewMessageParser
  private let audience: Audience
  private let users: UserRecorder
  private let answers: StoreAnswers
  private let clock: EngineClock
  private let logger: Logger

  /// Needs identity and gives the durable id.
  public static func requirements(_ configuration: PersistConfiguration) -> Requirements {
    Requirements(needs: [.identity], gives: [.durableID])
  }

  /// Reports a limit out of range.
  public static func check(_ configuration: PersistConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  /// Starts the stage.
  ///
  /// - Throws: `StageStartError` where there is no store or no generator of message ids.
  public init(_ configuration: PersistConfiguration, _ context: StageContext) throws {
    store = try context.store
    messageIDs = try context.messageIDs
    parser = NewMessageParser(
      maxContent: configuration.maxContent?.bytes ?? NewMessageParser.defaultMaxContent)
    audience = configuration.whoMayMessage ?? .anyone
    let names = context.services[NameBookKey.self]
    answers = StoreAnswers(names: names)
    users = UserRecorder(store: store, names: names, logger: context.logger)
    clock = context.clock
    logger = context.logger
  }

  /// Rejects what is malformed, and stores the rest in one write.
  public func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    var batch = batch
    users.record(batch)
    var writes: [StoreWrite] = []
    writes.reserveCapacity(batch.count)
    var places: [Int] = []
    places.reserveCapacity(batch.count)
    for index in batch.indices {
      do throws(Rejection) {
        guard let write = try change(for: batch[index]) else { continue }
        writes.append(write)
        places.append(index)
      } catch {
        batch.reject(error, at: index)
      }
    }
    guard !writes.isEmpty else { return done(batch) }
    let waiting = OnceTaken(batch)
    store.write(writes) { [writes, places, answers, logger] results in
      guard var batch = waiting.take() else { return }
      batch.leave { batch in
        for (number, index) in places.enumerated() {
          answers.report(results[number], to: writes[number], on: &batch, at: index)
        }
      }
      if let outage = results.lazy.compactMap(\.outage).first {
        logger.warning("the store is unavailable", metadata: ["reason": "\(outage)"])
      }
      done(batch)
    }
  }

  /// Moves the store's horizon past the changes of events that have ended.
  public func settled(_ settlements: [Settlement]) {
    var positions: [Position] = []
    for settlement in settlements {
      if let own = settlement.event[PositionsKey.self] { positions += own }
    }
    if !positions.isEmpty { store.horizon.end(positions) }
  }

  /// What `event` asks of the store; `nil` where that is nothing.
  private func change(for event: Event) throws(Rejection) -> StoreWrite? {
    guard Self.changes.takes(event.type) else { return nil }
    guard let identity = event.identity else {
      throw Rejection(.unauthenticated, "only a known user may send \(event.type)")
    }
    let user = identity.userID
    switch event.type {
    case .newMessage:
      // One's own backend may write to everybody but those who blocked whom it writes as.
      let audience = identity.isBackend ? .anyone : audience
      return .message(
        try parser.message(event.data, from: user, messageIDs), to: audience)
    case .messageRead, .messageDelivered:
      let kind: Receipt.Kind = event.type == .messageRead ? .read : .delivered
      return .receipt(Receipt(kind, by: user, of: try .init(event.data, for: kind), at: clock.wall()))
    case .editMessage:
      let kind = Revision.Kind.edit(content: try parser.content(of: event.data))
      return .revision(
        Revision(kind, of: try event.data.messageID("messageId"), by: user, at: clock.wall()))
    default:
      return .revision(
        Revision(.delete, of: try event.data.messageID("messageId"), by: user, at: clock.wall()))
    }
  }
}

extension WriteResult {
  /// Why the store failed, where it did.
  fileprivate var outage: String? {
    switch self {
    case .unavailable(let reason), .unknown(let reason): reason
    default: nil
    }
  }
}

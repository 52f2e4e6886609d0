import Glibc
import Pipeline
import Services

/// What a batch of changes asks of the database, and what the answers say of each change. Pure: it neither sends nor
/// waits.
///
/// Messages go first, all in one statement; then receipts, edits and deletions, those in as few
/// statements as keep the order for each message; then outcomes of pushes and pushes, each in one statement; then all
/// else, one by one. Each kind keeps its order. Changes of different kinds
/// that depend on each other are never in one batch: whoever edits or reads a message knows its id from a commit.
struct WritePlan {
  /// What is done with one or more statements that follow each other.
  enum Step {
    case messages(MessageStep)
    case receipts(ReceiptStep)
    case gatheredReceipts(GatheredReceiptStep)
    case pushes(PushStep)
    case pushOutcomes(PushOutcomeStep)
    case single(SingleStep)

    var statements: [PostgresStatement] {
      switch self {
      case .messages(let step): [step.statement]
      case .receipts(let step): [step.statement]
      case .gatheredReceipts(let step): [step.statement]
      case .pushes(let step): [step.statement]
      case .pushOutcomes(let step): [step.statement]
      case .single(let step): step.statements
      }
    }
  }

  private(set) var steps: [Step] = []
  /// What is decided without asking.
  private var decided: [Int: WriteResult] = [:]
  let count: Int

  /// A plan for changes that are made at a moment.
  init(_ writes: some Collection<StoreWrite>, at now: Timestamp) {
    self.init(at: now) { add in for write in writes { add(write) } }
  }

  /// A plan for changes that are made at a moment.
  ///
  /// - Parameter each: Gives the changes, one after the other, to what it is called with.
  init(at now: Timestamp, _ each: ((StoreWrite) -> Void) -> Void) {
    var draft = Draft(at: now)
    each { draft.add($0) }
    count = draft.count
    decided = draft.decided
    steps = draft.steps
    var slot = draft.messages.count + 1
    for index in steps.indices { slot = steps[index].place(from: slot) }
  }

  /// The changes by their kinds, while they are gone through.
  private struct Draft {
    let now: Timestamp
    var count = 0
    var decided: [Int: WriteResult] = [:]
    var messages = MessageStep()
    var changes: ChangeOrder
    var pushes: PushStep
    var outcomes = PushOutcomeStep()
    var others: [SingleStep] = []

    init(at now: Timestamp) {
      self.now = now
      changes = ChangeOrder(at: now)
      pushes = PushStep(at: now)
    }

    mutating func add(_ write: StoreWrite) {
      let index = count
      count += 1
      guard !write.holdsNUL else { return decided[index] = .refused(.nul) }
      switch write {
      case .message(let message, let audience): messages.add(message, audience, at: index)
      case .receipt(let receipt): changes.add(receipt, at: index)
      case .revision(let revision): changes.add(revision, at: index)
      case .push(let push): pushes.add(push)
      case .pushOutcome(let job, let lease, let outcome): outcomes.add(job, lease, outcome)
      default:
        if let refusal = write.refusal {
          decided[index] = .refused(refusal)
        } else {
          others.append(SingleStep(write, index: index, at: now))
        }
      }
    }

    var steps: [Step] {
      var steps: [Step] = messages.isEmpty ? [] : [.messages(messages)]
      steps += changes.steps
      // What is taken comes last and waits for nobody, so that whoever waits for a lane holds only lanes before it.
      if !outcomes.isEmpty { steps.append(.pushOutcomes(outcomes)) }
      if !pushes.isEmpty { steps.append(.pushes(pushes)) }
      return steps + others.map { .single($0) }
    }
  }

  /// All that is to be run, as one transaction; empty where everything was decided without.
  var statements: [PostgresStatement] { steps.flatMap(\.statements) }

  /// The same of all changes: none of them was made, or it is not known.
  func outcome(of all: WriteResult) -> WriteOutcome {
    WriteOutcome(results: [WriteResult](repeating: all, count: count))
  }

  /// What became of the changes.
  ///
  /// - Parameter answers: What the statements gave, one each.
  func outcome(_ answers: [PostgresResult]) -> WriteOutcome {
    var outcome = WriteOutcome(results: [WriteResult](repeating: .done, count: count))
    outcome.positions.reserveCapacity(count)
    for (index, result) in decided { outcome.results[index] = result }
    var next = 0
    for step in steps {
      switch step {
      case .messages(let step): step.read(answers[next], into: &outcome)
      case .receipts(let step): step.read(answers[next], into: &outcome)
      case .gatheredReceipts(let step): step.read(answers[next], into: &outcome)
      case .pushes, .pushOutcomes: break
      case .single(let step):
        let result = step.result(answers[next..<next + step.statements.count])
        outcome.positions += [result].positions
        outcome.results[step.index] = result
      }
      next += step.statementCount
    }
    return outcome
  }
}

extension WritePlan.Step {
  fileprivate var statementCount: Int {
    if case .single(let step) = self { step.statements.count } else { 1 }
  }

  /// Gives the step its places in the feed, from a slot on; gives the first slot after them.
  fileprivate mutating func place(from slot: Int) -> Int {
    switch self {
    // Messages have the first places of all.
    case .messages, .pushes, .pushOutcomes: return slot
    case .receipts(var step):
      step.firstSlot = slot
      self = .receipts(step)
      return slot + step.count
    case .gatheredReceipts(var step):
      step.firstSlot = slot
      self = .gatheredReceipts(step)
      return slot + step.count
    case .single(var step):
      step.slot = slot
      self = .single(step)
      return slot + Slots.count(of: step.write)
    }
  }
}

extension StoreWrite {
  /// Whether a text of it holds NUL, which PostgreSQL can't keep.
  fileprivate var holdsNUL: Bool {
    switch self {
    case .message(let message, _):
      message.senderID.holdsNUL || message.receiverID.holdsNUL || message.tempID.holdsNUL
        || message.content.holdsNUL || message.metadata.holdsNUL
    case .revision(let revision):
      if case .edit(let content) = revision.kind {
        content.holdsNUL || revision.userID.holdsNUL
      } else {
        revision.userID.holdsNUL
      }
    case .receipt(let receipt): receipt.userID.holdsNUL
    case .user(let id, let name): id.holdsNUL || name.holdsNUL
    case .rename(let id, let name): id.holdsNUL || name.holdsNUL
    case .link(let request): request.userID.holdsNUL || request.peerID.holdsNUL
    case .addDevice(let device): device.userID.holdsNUL || device.token.holdsNUL || device.platform.holdsNUL
    case .removeDevices(let user, let token): user.holdsNUL || token.holdsNUL
    case .revoke(let user, _), .erase(let user, _): user.holdsNUL
    case .push(let push): push.receiverID.holdsNUL || push.service.holdsNUL
    case .takePushes(let take): take.service.holdsNUL
    case .pushOutcome(let job, _, _): job.service.holdsNUL || job.deviceToken.holdsNUL
    case .pushesDecided(let marking): marking.service.holdsNUL
    case .takePushMarks(let service, _, _), .endPushMarks(let service, _, _, _): service.holdsNUL
    case .deadLetter(let letter): letter.holdsNUL
    case .dropDeadLetters: false
    }
  }

  /// Why a change can't be made, whatever the store holds.
  fileprivate var refusal: Rejection? {
    guard case .link(let request) = self, request.userID == request.peerID else { return nil }
    return Rejection(.invalidEvent, "nobody has a connection with themselves")
  }
}

extension String {
  fileprivate var holdsNUL: Bool {
    utf8.withContiguousStorageIfAvailable { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    } ?? utf8.contains(0)
  }
}

extension String? {
  fileprivate var holdsNUL: Bool { self?.holdsNUL ?? false }
}

extension Rejection {
  /// A text that one store would cut and another refuse.
  static var nul: Rejection { Rejection(.invalidEvent, "a text holds NUL") }
  /// A message that does not exist, or not for this user.
  static var noSuchMessage: Rejection { Rejection(.notFound, "there is no such message") }
}

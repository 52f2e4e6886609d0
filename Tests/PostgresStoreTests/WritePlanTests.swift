import Pipeline
import Services
import Testing

@testable import PostgresStore

@Suite("A batch's plan")
struct WritePlanTests {
  private let now = Timestamp(milliseconds: 1)

  private func message(_ id: UInt64, _ content: String = "hi") -> StoreWrite {
    .message(
      NewMessage(
        id: MessageID(rawValue: id), senderID: "a", tempID: "\(id)", receiverID: "b", content: content))
  }

  private func receipt(_ kind: Receipt.Kind, _ ids: UInt64...) -> StoreWrite {
    .receipt(Receipt(kind, by: "b", of: .messages(Few(ids.map(MessageID.init(rawValue:)))), at: now))
  }

  private func edit(_ id: UInt64) -> StoreWrite {
    .revision(Revision(.edit(content: "x"), of: MessageID(rawValue: id), by: "a", at: now))
  }

  private func upTo(_ id: UInt64) -> StoreWrite {
    .receipt(Receipt(.read, by: "b", of: .upTo(MessageID(rawValue: id)), at: now))
  }

  /// What the steps of a plan do, as text.
  private func shape(_ writes: [StoreWrite]) -> [String] {
    WritePlan(writes, at: now).steps.map { step in
      switch step {
      case .messages(let step): "messages \(step.count)"
      case .receipts(let step): "receipts \(step.count)"
      case .gatheredReceipts(let step): "gathered \(step.count)"
      case .pushes: "pushes"
      case .pushOutcomes: "outcomes"
      case .single(let step):
        switch step.write {
        case .receipt: "up to"
        case .revision: "revision"
        default: "other"
        }
      }
    }
  }

  @Test("All messages are one statement, also with other changes between them")
  func messages() {
    #expect(
      shape([message(1), .user(id: "a", name: nil), message(2), edit(9)]) == [
        "messages 2", "revision", "other",
      ])
  }

  @Test("Outcomes of pushes are one statement, before that of pushes; what is taken comes last, and alone")
  func pushes() {
    func push(_ id: UInt64) -> StoreWrite {
      .push(DuePush(MessageID(rawValue: id), to: "b", service: "fcm", reach: .devices))
    }
    func outcome(_ id: UInt64) -> StoreWrite {
      .pushOutcome(PushJobID(service: "fcm", messageID: MessageID(rawValue: id)), lease: now, .done)
    }
    let take = StoreWrite.takePushes(PushTake(service: "fcm", limit: 1, at: now, leasedUntil: now))
    #expect(
      shape([take, push(1), outcome(2), push(3), message(4), outcome(5), take]) == [
        "messages 1", "outcomes", "pushes", "other", "other",
      ])
  }

  @Test("Receipts of one message each share a statement, those of several another behind it")
  func receipts() {
    #expect(shape([receipt(.delivered, 1), receipt(.read, 1), receipt(.delivered, 2)]) == ["receipts 3"])
    #expect(
      shape([receipt(.read, 1, 2), receipt(.delivered, 3), receipt(.read, 2, 4), receipt(.read, 5)]) == [
        "receipts 2", "gathered 4",
      ])
  }

  @Test("What is said of one message keeps its order, also where it is gathered with others")
  func gathered() {
    #expect(
      shape([receipt(.delivered, 1), receipt(.read, 1, 2), receipt(.delivered, 2)]) == [
        "receipts 1", "gathered 2", "receipts 1",
      ])
    #expect(
      shape([receipt(.read, 1, 2), edit(3), receipt(.delivered, 2)]) == [
        "gathered 2", "revision", "receipts 1",
      ])
  }

  @Test("A message is named once by each who says something of it")
  func marks() {
    let plan = WritePlan(
      [
        receipt(.delivered, 1), receipt(.read, 1), receipt(.read, 1), receipt(.delivered, 2),
        receipt(.read, 1),
      ],
      at: now)
    #expect(plan.statements.count == 1)
    #expect(
      plan.statements[0].values.map(\.bytes)
        == [
          PostgresValue.integers([1, 2]), .texts(["b", "b"]), .integers([1, 4]), .integers([1, 1]),
          .integers([2, nil]), .integers([1, nil]),
        ].map(\.bytes))
  }

  @Test("Users whose names differ in their bytes alone are not one")
  func exactNames() {
    func read(by user: String) -> StoreWrite {
      .receipt(Receipt(.read, by: user, of: .messages([MessageID(rawValue: 1)]), at: now))
    }
    let plan = WritePlan([read(by: "\u{e9}"), read(by: "e\u{301}")], at: now)
    #expect(
      plan.statements[0].values[1].bytes == PostgresValue.texts(["\u{e9}", "e\u{301}"]).bytes)
  }

  @Test("An edit and a reading up to a message keep their place among the receipts")
  func barriers() {
    let delivered = receipt(.delivered, 1)
    let read = receipt(.read, 1)
    #expect(shape([delivered, edit(1), read]) == ["receipts 1", "revision", "receipts 1"])
    #expect(shape([delivered, upTo(5), receipt(.read, 2)]) == ["receipts 1", "up to", "receipts 1"])
    #expect(
      shape([delivered, receipt(.delivered, 2), edit(1), edit(1)]) == ["receipts 2", "revision", "revision"])
  }

  @Test("Each message of a receipt, each edit and each reading gets places of its own")
  func slots() {
    let plan = WritePlan([message(1), receipt(.read, 1, 2, 2), upTo(7), edit(3), message(4)], at: now)
    let slots = plan.steps.compactMap { step -> Int? in
      switch step {
      case .messages, .pushes, .pushOutcomes: nil
      case .receipts(let step): step.firstSlot
      case .gatheredReceipts(let step): step.firstSlot
      case .single(let step): step.slot
      }
    }
    // Two messages, then a receipt of two, a hundred thousand for the reading, then the edit.
    #expect(slots == [3, 5, 100_005])
  }

  @Test("A text with NUL is refused before anything is asked")
  func nul() {
    let plan = WritePlan([message(1, "a\0b"), .user(id: "\0", name: nil)], at: now)
    #expect(plan.statements.isEmpty)
    #expect(plan.outcome([]).results == [.refused(.nul), .refused(.nul)])
  }

  @Test("A dead letter's data may hold NUL, its texts not, and it takes no place in the feed")
  func letters() {
    func letter(type: String) -> StoreWrite {
      .deadLetter(
        DeadLetter(
          at: now, type: type, userID: nil, data: [0], stage: "s", error: "\0", revision: 1,
          node: "n"))
    }
    let plan = WritePlan(
      [letter(type: "\0"), letter(type: "T"), .dropDeadLetters([1, 2]), edit(3)], at: now)
    #expect(plan.statements.count == 3)
    #expect(shape([letter(type: "T"), edit(3)]) == ["revision", "other"])
    #expect(plan.steps.allSatisfy { if case .single(let step) = $0 { step.slot <= 2 } else { false } })
  }
}

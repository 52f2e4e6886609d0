import Logging
import Pipeline
import PipelineTestKit
import SQLiteStore
import Services
import Synchronization
import Testing

@testable import Stages

/// A push service that answers as the test says.
private final class ScriptedSender: PushSender {
  private struct State {
    var jobs: [PushJob] = []
    var answers: [PushAnswer] = []
    /// What everything is answered while the service is unwell.
    var fault: PushAnswer?
    var isHeld = false
    var held: [CheckedContinuation<Void, Never>] = []
  }

  let account = "test"
  private let state = Mutex(State())

  var jobs: [PushJob] { state.withLock(\.jobs) }

  func script(_ answers: PushAnswer...) { state.withLock { $0.answers += answers } }

  /// Answers everything alike, from now on and whatever comes first; with `nil`, as it was scripted again.
  func fail(_ fault: PushAnswer?) { state.withLock { $0.fault = fault } }

  /// Lets nothing be answered until ``letGo()``.
  func hold() { state.withLock { $0.isHeld = true } }

  func letGo() {
    let held = state.withLock { state in
      state.isHeld = false
      defer { state.held = [] }
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  func send(_ job: PushJob, until end: Timestamp, within budget: Duration) async -> PushAnswer {
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        state.jobs.append(job)
        if state.isHeld { state.held.append(continuation) }
        return !state.isHeld
      }
      if goesOn { continuation.resume() }
    }
    return state.withLock { state in
      state.fault ?? (state.answers.isEmpty ? PushAnswer(.sent, .sent) : state.answers.removeFirst())
    }
  }
}

@Suite("The worker that has pushes sent")
struct PushWorkerTests {
  private let fixture: StageFixture
  private let sender = ScriptedSender()
  private let owner = PushDecisions.Owner()
  private let worker: PushWorker
  private let book = PushBook()
  private let ids: MessageIDGenerator

  init() async throws {
    fixture = try StageFixture()
    ids = MessageIDGenerator(clock: fixture.clock.clock)
    worker = try PushWorker(fixture.context(for: Fcm.self, book: book))
    await fixture.write([
      .addDevice(Device(userID: "bob", token: "phone")), .addDevice(Device(userID: "bob", token: "tablet")),
    ])
  }

  private func begin(capacity: Int = 10, lifetime: Duration = .seconds(3600)) {
    worker.adopt(by: owner, plan(capacity: capacity, lifetime: lifetime))
  }

  private func plan(capacity: Int = 10, lifetime: Duration = .seconds(3600), rate: String = "600000/m")
    -> PushPlan
  {
    PushPlan(
      sender: sender, backoff: PushBackoff(first: .seconds(10), lifetime: lifetime), lease: .seconds(30),
      limits: PushLimits(account: Rate(rate) ?? .placeholder, device: Rate("240/m") ?? .placeholder),
      capacity: capacity)
  }

  /// Stores messages, and has them due.
  @discardableResult
  private func push(_ tempIDs: String..., from senderID: String = "ann", to receiver: String = "bob") async
    -> [MessageID]
  {
    let messages = tempIDs.map { tempID in
      NewMessage(id: ids.next(), senderID: senderID, tempID: tempID, receiverID: receiver, content: "hi")
    }
    await fixture.write(messages.map { .message($0) })
    await fixture.write(
      messages.map { .push(DuePush($0.id, to: receiver, service: "fcm", reach: .devices)) })
    return messages.map(\.id)
  }

  /// Lets the worker go on until nothing more happens by itself.
  ///
  /// At most ten seconds pass for it; on a busy machine its tasks have longer to get their turn.
  private func settle(_ condition: () -> Bool) async {
    let deadline = ContinuousClock.now + .seconds(60)
    var rounds = 0
    while !condition(), ContinuousClock.now < deadline {
      rounds += 1
      if rounds <= 2000 { fixture.clock.advance(by: .milliseconds(5)) }
      fixture.scheduler.runAll()
      await fixture.write([])
    }
    #expect(condition())
  }

  private var figures: PushFigures { book.all.first?.figures ?? PushFigures() }

  private func waiting() async throws -> Int {
    try await withCheckedThrowingContinuation { continuation in
      fixture.store.pushBacklog(service: "fcm", upTo: 1000) { continuation.resume(with: $0) }
    }.count
  }

  @Test("What is due is sent once to each device, and gone then")
  func sent() async throws {
    begin()
    await push("1")
    worker.wake()
    await settle { figures.attempts["sent"] == 2 && figures.underWay == 0 }
    #expect(Set(sender.jobs.map(\.id.deviceToken)) == ["phone", "tablet"])
    #expect(try await waiting() == 0)
    #expect(figures.latency.count == 2)
  }

  @Test("It looks by itself, too: for what other nodes have written")
  func ticks() async throws {
    begin()
    await settle { true }
    await push("1")
    for _ in 0..<3 {
      fixture.clock.advance(by: .seconds(2))
      fixture.scheduler.runAll()
      await fixture.write([])
    }
    await settle { sender.jobs.count == 2 }
  }

  @Test("To one device about one conversation they go one by one, in order")
  func order() async throws {
    await fixture.write([.removeDevices(of: "bob", token: "tablet")])
    sender.hold()
    begin()
    let ids = await push("1", "2", "3")
    await push("4", from: "carol")
    worker.wake()
    await settle { sender.jobs.count == 2 }
    #expect(Set(sender.jobs.map(\.senderID)) == ["ann", "carol"])
    sender.letGo()
    await settle { figures.attempts["sent"] == 4 }
    #expect(sender.jobs.filter { $0.senderID == "ann" }.map(\.id.messageID) == ids)
  }

  @Test("No more are under way than may be")
  func bounded() async throws {
    sender.hold()
    begin(capacity: 3)
    for number in 0..<5 { await push("\(number)", from: "user\(number)") }
    worker.wake()
    await settle { sender.jobs.count == 3 }
    await settle { true }
    #expect(sender.jobs.count == 3 && figures.underWay == 3)
    sender.letGo()
    await settle { figures.attempts["sent"] == 10 }
  }

  @Test("What failed is tried again when it is time, and counted")
  func retried() async throws {
    await fixture.write([.removeDevices(of: "bob", token: "tablet")])
    sender.script(PushAnswer(.later(.unavailable(.seconds(20))), .unavailable))
    begin()
    await push("1")
    worker.wake()
    await settle { figures.retries == 1 && figures.underWay == 0 }
    fixture.clock.advance(by: .seconds(15))
    fixture.scheduler.runAll()
    await fixture.write([])
    #expect(sender.jobs.count == 1)
    await settle { sender.jobs.count == 2 && figures.attempts["sent"] == 1 }
    #expect(sender.jobs.last?.attempts == 1)
  }

  @Test("A device that is gone is forgotten; one that is refused gets nothing more; others do")
  func devices() async throws {
    sender.script(PushAnswer(.deviceGone, .unregistered), PushAnswer(.deviceRefused, .senderMismatch))
    begin()
    await push("1")
    worker.wake()
    await settle { figures.underWay == 0 && sender.jobs.count == 2 }
    #expect(figures.devicesDropped == 1 && figures.devicesQuarantined == 1)
    await fixture.write([.addDevice(Device(userID: "bob", token: "new"))])
    await push("2")
    worker.wake()
    await settle { figures.attempts["sent"] == 1 }
    #expect(sender.jobs.last?.id.deviceToken == "new" && sender.jobs.count == 3)
  }

  @Test("What is given up is a dead letter that says nothing of the message, and replays to the stage")
  func deadLetter() async throws {
    await fixture.write([.removeDevices(of: "bob", token: "tablet")])
    sender.script(PushAnswer(.refused, .invalidRequest, "400 at message.data"))
    begin()
    let ids = await push("1")
    worker.wake()
    await settle { figures.deadLetters == 1 && figures.underWay == 0 }
    let letter = try #require(await fixture.deadLetters().first?.letter)
    #expect(letter.stage == "fcm" && letter.isStored && letter.messageID == ids[0])
    #expect(letter.error == "push invalid_request: 400 at message.data")
    #expect(String(decoding: letter.data, as: UTF8.self) == #"{"receiverId":"bob"}"#)
    #expect(try await waiting() == 0)
  }

  @Test("What is too old is not sent, but a dead letter")
  func expired() async throws {
    await push("1")
    fixture.clock.advance(by: .seconds(61))
    begin(lifetime: .seconds(60))
    await settle { figures.deadLetters == 2 && figures.underWay == 0 }
    #expect(sender.jobs.isEmpty)
    #expect(try await fixture.deadLetters().first?.letter.error == "push expired")
  }

  @Test("What fails until its time is over is a dead letter that says how it failed last")
  func failedToTheEnd() async throws {
    await fixture.write([.removeDevices(of: "bob", token: "tablet")])
    sender.script(PushAnswer(.later(.unavailable(.seconds(61))), .unavailable, "503"))
    begin(lifetime: .seconds(60))
    await push("1")
    worker.wake()
    await settle { figures.deadLetters == 1 && figures.underWay == 0 }
    #expect(try await fixture.deadLetters().first?.letter.error == "push expired after unavailable: 503")
    #expect(try await waiting() == 0)
  }

  @Test("Where the service is unwell it is left alone, and nothing is lost")
  func unwell() async throws {
    sender.fail(PushAnswer(.later(.throttled(.seconds(30))), .throttled))
    begin(capacity: PushBreaker.threshold)
    for number in 0..<10 { await push("\(number)", from: "user\(number)") }
    worker.wake()
    await settle { figures.isPaused && figures.underWay == 0 }
    let count = sender.jobs.count
    fixture.clock.advance(by: .seconds(20))
    fixture.scheduler.runAll()
    await fixture.write([])
    #expect(sender.jobs.count == count)
    sender.fail(nil)
    fixture.clock.advance(by: .seconds(12))
    await settle { figures.attempts["sent"] == 20 && figures.underWay == 0 }
    #expect(!figures.isPaused)
    #expect(try await waiting() == 0)
  }

  @Test("Beyond the account's rate jobs are given back, untouched, and sent when they may")
  func rate() async throws {
    for number in 0..<4 { await push("\(number)", "\(number)b", from: "user\(number)") }
    let began = fixture.clock.clock.monotonic()
    worker.adopt(by: owner, plan(rate: "60/m"))
    await settle { figures.attempts["sent"] == 16 }
    #expect(sender.jobs.count == 16 && sender.jobs.allSatisfy { $0.attempts == 0 })
    // Ten may come at once, and one a second then.
    #expect(fixture.clock.clock.monotonic() - began >= 5_900_000_000)
  }

  @Test("A stage that takes over sends by its own plan; the one before ends nothing")
  func takenOver() async throws {
    begin()
    let (next, other) = (PushDecisions.Owner(), ScriptedSender())
    var plan = plan()
    plan.sender = other
    worker.adopt(by: next, plan)
    await worker.release(by: owner)
    await push("1")
    worker.wake()
    await settle { other.jobs.count == 2 }
    #expect(sender.jobs.isEmpty)
  }

  @Test("At its end it takes nothing more, and waits for what is under way")
  func ended() async throws {
    sender.hold()
    begin()
    await push("1")
    worker.wake()
    await settle { sender.jobs.count == 2 }
    async let end: Void = worker.release(by: owner)
    await push("2")
    sender.letGo()
    await end
    worker.wake()
    await settle { true }
    #expect(sender.jobs.count == 2 && figures.attempts["sent"] == 2)
    #expect(try await waiting() == 2)
  }

  @Test("With no plan nothing is sent, and what is due waits")
  func without() async throws {
    worker.adopt(by: owner, nil)
    await push("1")
    worker.wake()
    await settle { true }
    #expect(sender.jobs.isEmpty)
    #expect(try await waiting() == 2)
  }
}

extension StageFixture {
  /// All dead letters, whole.
  fileprivate func deadLetters() async throws -> [StoredDeadLetter] {
    let found = try await withCheckedThrowingContinuation { continuation in
      store.deadLetters(after: nil, limit: 100) { continuation.resume(with: $0) }
    }
    var letters: [StoredDeadLetter] = []
    for summary in found {
      let letter = try await withCheckedThrowingContinuation { continuation in
        store.deadLetter(summary.id) { continuation.resume(with: $0) }
      }
      if let letter { letters.append(letter) }
    }
    return letters
  }
}

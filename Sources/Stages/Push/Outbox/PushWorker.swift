import Logging
import Pipeline
import Services
import Synchronization

/// Takes the jobs of one service from the outbox, has them sent, and says what became of them.
///
/// It belongs to no generation of the chain: a reload gives it another plan. It looks for jobs when this node has written
/// one, when others are done, and every two seconds, for those of other nodes and those to be tried again. What is under
/// way is bounded; what waits, waits in the store. Its state is behind a lock that is held for no call.
final class PushWorker: Sendable {
  /// How often it looks by itself.
  static let interval = Duration.seconds(2)
  /// How long after one look the next may be at the earliest: what happens meanwhile is looked for together.
  static let leastPause: UInt64 = 5_000_000
  /// How many jobs are taken at a time.
  static let pageSize = 100
  /// How often the backlog is counted, and up to what.
  static let backlog = (interval: UInt64(10_000_000_000), limit: 100_000)
  /// How long an orderly end waits for answers.
  static let patience = Duration.seconds(5)

  private struct State {
    var plan: PushPlan?
    var owner: PushDecisions.Owner?
    var isEnded = false
    var isTicking = false
    var isTaking = false
    /// Whether something has happened since the last look.
    var isWoken = false
    /// Whether a look is planned already.
    var isPlanned = false
    var lastLook: UInt64 = 0
    var lastCount: UInt64?
    var underWay = 0
    var breaker = PushBreaker()
    /// Nothing is taken before this moment: the account's rate is used up, or the store is away.
    var pausedUntil: UInt64 = 0
    var hasStoreFailed = false
    var waiters: [CheckedContinuation<Void, Never>] = []

    /// Whether there are jobs that this node has, or may be given.
    var isBusy: Bool { underWay > 0 || isTaking }
  }

  let service: String
  private let store: any Store
  private let shared: (any SharedState)?
  private let scheduler: any Scheduler
  private let clock: EngineClock
  private let logger: Logger
  private let report: PushReport
  private let state = Mutex(State())

  /// - Throws: `StageStartError` where there is no store or scheduler.
  init(_ context: StageContext) throws {
    service = context.name
    store = try context.store
    shared = context.services[SharedStateKey.self]
    scheduler = try context.scheduler
    clock = context.clock
    logger = context.logger
    report = PushReport(
      service: context.name, node: context.services[NodeNameKey.self] ?? "",
      book: context.services[PushBookKey.self], clock: context.clock, logger: context.logger)
  }

  /// Sends from now on by a plan; by none, nothing is sent, and what is due waits.
  func adopt(by owner: PushDecisions.Owner, _ plan: PushPlan?) {
    let mayTick = state.withLock { state in
      state.owner = owner
      state.plan = plan
      state.breaker = PushBreaker()
      defer { if plan != nil { state.isTicking = true } }
      return plan != nil && !state.isTicking
    }
    if mayTick { tick() }
    wake()
  }

  /// Takes nothing more, unless another stage has taken over, and waits a while for what is under way.
  func release(by owner: PushDecisions.Owner) async {
    let isBusy = state.withLock { state in
      guard state.owner == nil || state.owner === owner else { return false }
      state.isEnded = true
      return state.isBusy
    }
    guard isBusy else { return }
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.isBusy { state.waiters.append(continuation) }
        return !state.isBusy
      }
      if isDone { return continuation.resume() }
      scheduler.after(Self.patience) { [self] in resumeWaiters() }
    }
  }

  private func resumeWaiters() {
    let waiters = state.withLock { state in
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// There may be something to send.
  func wake() {
    let now = clock.monotonic()
    let later = state.withLock { state -> Duration? in
      state.isWoken = true
      guard !state.isPlanned, !state.isTaking else { return nil }
      guard now < state.lastLook + Self.leastPause else { return .zero }
      state.isPlanned = true
      return .nanoseconds(Int64(state.lastLook + Self.leastPause - now))
    }
    guard let later else { return }
    if later == .zero { return look() }
    scheduler.after(later) { [self] in
      state.withLock { $0.isPlanned = false }
      look()
    }
  }

  private func tick() {
    let (isOn, mayCount) = state.withLock { state in
      guard state.plan != nil, !state.isEnded else {
        state.isTicking = false
        return (false, false)
      }
      let now = clock.monotonic()
      let mayCount = state.lastCount.map { now >= $0 + Self.backlog.interval } ?? true
      if mayCount { state.lastCount = now }
      return (true, mayCount)
    }
    guard isOn else { return }
    wake()
    if mayCount { count() }
    scheduler.after(Self.interval) { [self] in tick() }
  }

  private func count() {
    store.pushBacklog(service: service, upTo: Self.backlog.limit) { [report] result in
      if case .success(let backlog) = result { report.note { $0.backlog = backlog } }
    }
  }

  /// Takes as many jobs as there is room for.
  private func look() {
    let now = clock.monotonic()
    let (plan, limit) = state.withLock { state -> (PushPlan?, Int) in
      guard let plan = state.plan, !state.isEnded, !state.isTaking, now >= state.pausedUntil else {
        return (nil, 0)
      }
      let room = state.breaker.allowance(plan.capacity, at: now) - state.underWay
      guard room > 0 else { return (nil, 0) }
      state.isTaking = true
      state.isWoken = false
      state.lastLook = now
      return (plan, min(room, Self.pageSize))
    }
    guard let plan else { return }
    let wall = clock.wall()
    store.takePushes(service: service, limit: limit, at: wall, leasedUntil: wall + plan.lease) {
      [self] result in
      take(result, plan, limit)
    }
  }

  private func take(_ result: Result<[PushJob], StoreError>, _ plan: PushPlan, _ limit: Int) {
    let now = clock.monotonic()
    switch result {
    case .failure(let error):
      let (isNews, isBusy) = state.withLock { state in
        state.isTaking = false
        state.pausedUntil = now + 1_000_000_000
        defer { state.hasStoreFailed = true }
        return (!state.hasStoreFailed, state.isBusy)
      }
      if !isBusy { resumeWaiters() }
      if isNews { logger.warning("pushes can't be taken from the outbox", metadata: ["reason": "\(error)"]) }
    case .success(let jobs):
      let (isWoken, isBusy) = state.withLock { state in
        state.isTaking = false
        state.hasStoreFailed = false
        state.underWay += jobs.count
        return (state.isWoken || jobs.count == limit, state.isBusy)
      }
      if !isBusy { resumeWaiters() }
      if !jobs.isEmpty {
        report.note { $0.underWay += jobs.count }
        admit(jobs, plan)
      }
      if isWoken { wake() }
    }
  }

  /// Has the jobs counted against the limits, and sends what may be sent.
  private func admit(_ jobs: [PushJob], _ plan: PushPlan) {
    guard let shared else { return jobs.forEach { send($0, plan) } }
    shared.admit(plan.limits.questions(jobs, account: plan.sender.account)) { [self] result in
      guard case .success(let answers) = result, answers.count == jobs.count + 1 else {
        // Without the shared state nobody counts; the service itself still does.
        return jobs.forEach { send($0, plan) }
      }
      var admitted: [PushJob] = []
      for (job, answer) in zip(jobs, answers.dropFirst()) {
        if case .refused(let wait) = answer {
          settle(job, .retry(at: clock.wall() + wait))
        } else {
          admitted.append(job)
        }
      }
      if case .refused(let wait) = answers[0] { return hold(admitted, wait) }
      admitted.forEach { send($0, plan) }
    }
  }

  /// The account's rate is used up: gives the jobs back, and takes none until it may.
  private func hold(_ jobs: [PushJob], _ wait: Duration) {
    let until = clock.monotonic() + UInt64(max(0, wait.wholeNanoseconds))
    state.withLock { $0.pausedUntil = max($0.pausedUntil, until) }
    for job in jobs { settle(job, .release) }
    scheduler.after(wait) { [self] in wake() }
  }

  private func send(_ job: PushJob, _ plan: PushPlan) {
    guard !state.withLock({ $0.isEnded }) else { return settle(job, .release) }
    let now = clock.wall()
    let end = plan.backoff.end(of: job.id.messageID.timestamp)
    guard now < end else { return conclude(job, PushAnswer(.refused, .expired), plan, took: .zero) }
    let left = Duration.milliseconds(job.lease.milliseconds - now.milliseconds)
    let budget = min(plan.budget, left - plan.lease * 0.2)
    // What has waited here for so long is soon another's.
    guard budget > plan.lease * 0.2 else { return settle(job, .release) }
    let began = clock.monotonic()
    Task { [self] in
      let answer = await plan.sender.send(job, until: end, within: budget)
      conclude(job, answer, plan, took: .nanoseconds(Int64(clock.monotonic() - began)))
    }
  }

  private func conclude(_ job: PushJob, _ answer: PushAnswer, _ plan: PushPlan, took: Duration) {
    let settlement = PushSettlement(
      answer, job, plan.backoff, at: clock.wall(), luck: Double.random(in: 0...1))
    let now = clock.monotonic()
    let isPaused = state.withLock { state in
      if answer.isOfService {
        state.breaker.fail(at: now, pause: settlement.pause ?? plan.backoff.first)
      } else if answer.reason != .expired {
        state.breaker.succeed()
      }
      return state.breaker.isOpen
    }
    report.count(job, answer, settlement, isPaused: isPaused)
    report.log(job, answer, settlement, took: took)
    settle(job, settlement.outcome, letter: report.letter(of: job, answer, settlement))
  }

  /// Tells the outbox; as long as the job is this node's, again and again.
  private func settle(_ job: PushJob, _ outcome: PushOutcome, letter: DeadLetter? = nil) {
    let writes =
      (letter.map { [StoreWrite.deadLetter($0)] } ?? []) + [.pushOutcome(job.id, lease: job.lease, outcome)]
    store.write(writes) { [self] results in
      switch results.last {
      case .unavailable?, .unknown?:
        guard clock.wall() < job.lease else {
          logger.warning(
            "what became of a push can't be kept; it may be sent again",
            metadata: ["messageId": "\(job.id.messageID)"])
          return finish()
        }
        // Kept twice is better than lost: the letter goes with the outcome.
        scheduler.after(.milliseconds(500)) { [self] in settle(job, outcome, letter: letter) }
      default: finish()
      }
    }
  }

  private func finish() {
    let isBusy = state.withLock { state in
      state.underWay -= 1
      return state.isBusy
    }
    report.note { $0.underWay -= 1 }
    if !isBusy { resumeWaiters() }
    wake()
  }

}

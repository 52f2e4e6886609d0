import NIOCore
import Pipeline

/// Many watch one who comes and goes: how soon each of them knows, and whether all know the last of it.
struct PresenceLoad {
  /// The number of the one who is watched; those who watch follow.
  static let person = 0
  /// How long nothing comes any more, where all has come that was to.
  private static let silence = Duration.milliseconds(300)

  let field: BenchField<PresenceShare>
  let watchers: Int
  let changesPerSecond: Double
  private let changes = PresenceChanges()

  init(_ field: BenchField<PresenceShare>, watchers: Int, changesPerSecond: Double) {
    self.field = field
    self.watchers = watchers
    self.changesPerSecond = changesPerSecond
  }

  func run() async throws -> BenchReport {
    let plan = field.plan
    let changes = changes
    try await field.each { $0.changes = changes }
    let begin = field.mark()
    let count = watchers + plan.idle
    try await field.connect((Self.person + 1)..<(Self.person + 1 + count))
    let connecting = field.span(since: begin)
    try await greet()

    let person = try await makePerson()
    let (measured, measuredChanges) = try await measure(person)
    if try await !person.eventLoop.submit({ person.value.isOnline }).get() { try await change(person) }
    let missedOnline = try await missing(true)
    try await change(person)
    let missedOffline = try await missing(false)
    var tally = PresenceShare.Tally()
    for part in try await field.gather({ $0.tally }) { tally.add(part) }
    try await field.each { $0.loop.close() }
    return BenchReport(
      plan: plan, connections: count, connecting: connecting, measured: measured,
      findings: [
        PresenceFindings(
          watchers: watchers, changesAsked: changesPerSecond, seconds: measured.seconds,
          changesMeasured: measuredChanges, changes: changes.count, tally: tally, missedOnline: missedOnline,
          missedOffline: missedOffline)
      ])
  }

  /// Waits until each watcher has written to the one who is watched.
  private func greet() async throws {
    let isDone = try await field.wait(upTo: field.plan.patience) {
      try await field.gather { $0.watchers.allSatisfy { $0.hasGreeted || $0.refusal != nil } }.allSatisfy {
        $0
      }
    }
    if let refusal = try await field.gather({ $0.watchers.compactMap(\.refusal).first }).compactMap({ $0 })
      .first
    {
      throw CommandError("a watcher's message to the one who is watched was refused with \(refusal)")
    }
    if !isDone { throw CommandError("a watcher's message to the one who is watched had no answer") }
  }

  private func makePerson() async throws -> NIOLoopBound<Person> {
    let part = field.part(of: Self.person)
    let token = try field.token(of: Self.person)
    let changes = changes
    return try await part.eventLoop.submit {
      let share = part.value
      let person = Person(share.loop, Self.person, token: token, changes) { share.lost(code: $0) }
      return NIOLoopBound(person, eventLoop: part.eventLoop)
    }.get()
  }

  private func change(_ person: NIOLoopBound<Person>) async throws {
    try await person.eventLoop.flatSubmit { person.value.change() }.get()
  }

  /// Has them come and go until the measured time is over.
  private func measure(_ person: NIOLoopBound<Person>) async throws -> (BenchSpan, changes: Int) {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await comeAndGo(person) }
      try await Task.sleep(for: field.plan.warmUp)
      let before = changes.count
      let measured = try await field.measure()
      let after = changes.count
      try await field.enter(.draining)
      try await tasks.waitForAll()
      return (measured, after - before)
    }
  }

  /// A change that takes longer than the time between two puts off the next.
  private func comeAndGo(_ person: NIOLoopBound<Person>) async throws {
    let gap = Duration.seconds(1 / changesPerSecond)
    var next = ContinuousClock.now
    while try await person.eventLoop.submit({ person.value.isWanted }).get() {
      try await change(person)
      next = max(next + gap, .now)
      try await Task.sleep(until: next)
    }
  }

  /// Waits until all watchers know how it is, and no more comes, or patience ends.
  ///
  /// - Returns: How many do not know.
  private func missing(_ isOnline: Bool) async throws -> Int {
    let silence = UInt64(Self.silence.wholeNanoseconds)
    func wrong() async throws -> Int {
      try await field.gather { $0.watchers.count { $0.isOnline != isOnline } }.reduce(0, +)
    }
    try await field.wait(upTo: field.plan.patience) {
      let isSilent = try await field.gather { $0.loop.now > $0.lastUpdate + silence }.allSatisfy { $0 }
      guard isSilent else { return false }
      return try await wrong() == 0
    }
    return try await wrong()
  }
}

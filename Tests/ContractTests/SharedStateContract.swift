import Pipeline
public import Services
import Testing

/// What every shared state must do. Each function is one behaviour; the tests of an implementation call them all.
public struct SharedStateContract: Sendable {
  /// A fresh state, and how to let its time pass.
  public struct Subject: Sendable {
    let state: any SharedState
    let advance: @Sendable (Duration) async -> Void

    /// A state with the means to move its clock.
    public init(_ state: any SharedState, advance: @escaping @Sendable (Duration) async -> Void) {
      self.state = state
      self.advance = advance
    }
  }

  private let make: @Sendable () async throws -> Subject

  /// A contract for states that `make` makes: a fresh one each time.
  public init(_ make: @escaping @Sendable () async throws -> Subject) { self.make = make }

  /// One event in ten seconds, five at once: slow, so that the time that a test takes does not count where the state's own
  /// time can't be held.
  private func request(
    _ subject: String = "alice", cost: Int = 1, interval: UInt64 = 10_000_000_000
  ) -> AdmissionRequest {
    AdmissionRequest(scope: "limit", subject: subject, interval: interval, burst: 5, cost: cost)
  }

  /// A pause lets a burst pass, then the rate holds; a refusal says when to come back and costs nothing.
  public func limitsRates() async throws {
    let subject = try await make()
    let first = try await subject.state.admit((0..<7).map { _ in request() })
    #expect(first.prefix(5).allSatisfy { $0 == .admitted })
    guard case .refused(let wait) = first[5], case .refused = first[6] else {
      return #expect(Bool(false), "the burst was exceeded")
    }
    #expect(wait > .zero && wait <= .seconds(10))
    #expect(try await subject.state.admit([request("bob")]) == [.admitted])
    await subject.advance(wait)
    #expect(try await subject.state.admit([request()]) == [.admitted])
    await subject.advance(.seconds(200))
    #expect(try await subject.state.admit([request(cost: 5)]) == [.admitted])
    guard case .refused(let long) = try await subject.state.admit([request(cost: 3)])[0] else {
      return #expect(Bool(false), "a cost was not counted")
    }
    #expect(long > .seconds(20))
  }

  /// Questions of different users and costs in one call are each answered in their place.
  public func limitsInOneCall() async throws {
    let subject = try await make()
    let answers = try await subject.state.admit([
      request("alice"), request("alice"), request("bob", cost: 4), request("alice"), request("bob"),
      request("bob", cost: 2), request("carol", cost: 2), request("carol"), request("bob", cost: 5),
      request("carol", cost: 3), request("carol"),
    ])
    let isAdmitted = answers.map { $0 == .admitted }
    // Alice has asked for 3 of 5, Bob for 4, 1, 2 and 5, Carol for 2, 1, 3 and 1; those of one cost may go together.
    let bob = [isAdmitted[2], isAdmitted[4], isAdmitted[5], isAdmitted[8]]
    let carol = [isAdmitted[6], isAdmitted[7], isAdmitted[9], isAdmitted[10]]
    #expect(answers.count == 11 && isAdmitted[0] && isAdmitted[1] && isAdmitted[3])
    func sum(_ admitted: [Bool], _ costs: [Int]) -> Int {
      zip(admitted, costs).filter(\.0).map(\.1).reduce(0, +)
    }
    #expect((4...5).contains(sum(bob, [4, 1, 2, 5])) && (4...5).contains(sum(carol, [2, 1, 3, 1])))
    for answer in answers {
      if case .refused(let wait) = answer { #expect(wait > .zero && wait <= .seconds(50)) }
    }
    let left = try await subject.state.admit((0..<3).map { _ in request("alice") })
    #expect(left.map { $0 == .admitted } == [true, true, false])
    // Swift holds these equal; as names of users they are two, and each has a burst of five.
    let two = try await subject.state.admit(
      (0..<5).map { _ in request("\u{e9}") } + (0..<5).map { _ in request("e\u{301}") })
    #expect(two.allSatisfy { $0 == .admitted })
  }

  /// However many ask at once, no more than the burst pass.
  public func limitsConcurrently() async throws {
    let subject = try await make()
    let request = request(interval: 3_600_000_000_000)
    let admitted = try await withThrowingTaskGroup { tasks in
      for _ in 0..<8 {
        tasks.addTask {
          var count = 0
          for _ in 0..<50 where try await subject.state.admit([request])[0] == .admitted { count += 1 }
          return count
        }
      }
      return try await tasks.reduce(0, +)
    }
    #expect(admitted == 5)
  }

  /// A send is remembered for its window and no longer.
  public func remembersSends() async throws {
    let subject = try await make()
    let key = SendKey(scope: "dedup", senderID: "alice", tempID: "1")
    let other = SendKey(scope: "dedup", senderID: "bob", tempID: "1")
    let message = SentMessage(id: MessageID(rawValue: 7), digest: 9)
    #expect(try await subject.state.recall([key]) == [nil])
    subject.state.remember([(key, message)], for: .seconds(10))
    #expect(try await subject.state.recall([other, key]) == [nil, message])
    // Swift holds these equal; as names of sends they are two.
    let (one, two) = ("\u{e9}", "e\u{301}")
    subject.state.remember(
      [(SendKey(scope: "dedup", senderID: "alice", tempID: one), message)], for: .seconds(10))
    #expect(
      try await subject.state.recall([SendKey(scope: "dedup", senderID: "alice", tempID: two)]) == [nil])
    await subject.advance(.seconds(11))
    #expect(try await subject.state.recall([key]) == [nil])
  }

  /// A user is online from the first device to the end of the grace period after the last.
  public func keepsPresence() async throws {
    let subject = try await make()
    let state = subject.state
    let (phone, laptop) = (ConnectionID(rawValue: 1), ConnectionID(rawValue: 2))
    let grace = Duration.seconds(10)
    #expect(
      try await state.presence(of: ["alice"]) == [
        PresenceRecord(userID: "alice", isOnline: false, lastSeen: nil)
      ])
    #expect(try await !state.depart("alice", phone))
    #expect(try await state.lapse("alice", after: .zero) == nil)
    #expect(try await state.arrive("alice", phone))
    #expect(try await !state.arrive("alice", laptop))
    #expect(try await !state.arrive("alice", laptop))
    #expect(try await !state.depart("alice", phone))
    #expect(try await !state.depart("alice", phone))
    #expect(try await state.depart("alice", laptop))
    #expect(try await state.lapse("alice", after: grace) == nil)
    await subject.advance(.seconds(5))
    #expect(try await !state.arrive("alice", phone))
    await subject.advance(.seconds(6))
    #expect(try await state.lapse("alice", after: grace) == nil)
    #expect(try await state.depart("alice", phone))
    await subject.advance(.seconds(11))
    let lastSeen = try await state.lapse("alice", after: grace)
    #expect(lastSeen != nil)
    #expect(try await state.lapse("alice", after: grace) == nil)
    let record = try await state.presence(of: ["bob", "alice"])[1]
    #expect(!record.isOnline && record.lastSeen == lastSeen)
    #expect(try await state.arrive("alice", phone))
  }
}

extension SharedState {
  fileprivate func admit(_ requests: [AdmissionRequest]) async throws -> [Admission] {
    try await withCheckedContinuation { next in admit(requests) { next.resume(returning: $0) } }.get()
  }

  fileprivate func recall(_ keys: [SendKey]) async throws -> [SentMessage?] {
    try await withCheckedContinuation { next in recall(keys) { next.resume(returning: $0) } }.get()
  }

  fileprivate func arrive(_ user: String, _ device: ConnectionID) async throws -> Bool {
    try await withCheckedContinuation { next in
      arrive(user, device: device, limit: 100) { next.resume(returning: $0) }
    }.get().cameOnline
  }

  fileprivate func depart(_ user: String, _ device: ConnectionID) async throws -> Bool {
    try await withCheckedContinuation { next in depart(user, device: device) { next.resume(returning: $0) } }
      .get()
  }

  fileprivate func lapse(_ user: String, after grace: Duration) async throws -> Timestamp? {
    try await withCheckedContinuation { next in lapse(user, after: grace) { next.resume(returning: $0) } }
      .get()
  }

  fileprivate func presence(of users: [String]) async throws -> [PresenceRecord] {
    try await withCheckedContinuation { next in presence(of: users) { next.resume(returning: $0) } }.get()
  }
}

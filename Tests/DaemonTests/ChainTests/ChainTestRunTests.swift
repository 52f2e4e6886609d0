import Pipeline
import Services
import Synchronization
import Testing

@testable import Daemon

@Suite("A test of a chain")
struct ChainTestRunTests {
  private static let message = "type: NEW_MESSAGE, data: { tempId: m1, receiverId: bob, content: hi }"

  private func mismatches(_ stages: String, _ steps: String...) async throws -> [String] {
    try await TestFolder(stages: stages).mismatches(
      "  - name: one\n    steps:\n" + steps.map { "      - { \($0) }\n" }.joined(),
      [Stumbling.self, Silent.self, Late.self, Judge.self])
  }

  @Test("goes by what a stage that fails has for it: refused, passed or kept")
  func faults() async throws {
    let event = "from: alice, \(Self.message)"
    let code =
      "verdict: reject, stage: stumbling, code: INTERNAL, stages: { stumbling: fault, persist: nothing }"
    #expect(try await mismatches("  - stage: stumbling", "\(event), expect: { \(code) }") == [])
    #expect(
      try await mismatches(
        "  - stage: stumbling\n    on_error: skip",
        "\(event), expect: { verdict: continue, stages: { stumbling: fault, persist: continue } }") == [])
    #expect(
      try await mismatches(
        "  - stage: stumbling\n    on_error: dead_letter", "\(event), expect: { \(code) }") == [])
    #expect(
      try await mismatches(
        "  - stage: stumbling\n    enabled: false",
        "\(event), expect: { verdict: continue, stages: { stumbling: nothing } }") == [])
  }

  @Test("shows what a stage in shadow would do, and obeys a share of the users")
  func enforcement() async throws {
    #expect(
      try await mismatches(
        "  - stage: judge\n    enforce: shadow",
        "from: alice, \(Self.message), expect: { verdict: continue, stages: { judge: would reject } }") == [])
    #expect(
      try await mismatches(
        "  - stage: judge\n    enforce: 50%",
        "from: alice, \(Self.message), expect: { verdict: continue, stages: { judge: would reject } }",
        "from: dave, \(Self.message), expect: { verdict: reject, stage: judge, code: FORBIDDEN }") == [])
  }

  @Test("has the time of a stage run out that does not answer")
  func timeout() async throws {
    #expect(
      try await mismatches(
        "  - stage: silent\n    timeout: 100ms",
        "from: alice, \(Self.message), expect: { verdict: reject, stage: silent, code: TIMEOUT, stages: { silent: fault } }"
      ) == [])
  }

  @Test("waits for deliveries that come after the answer")
  func late() async throws {
    #expect(
      try await mismatches(
        "  - stage: late",
        "from: alice, type: PING, expect: { verdict: continue, delivers: { alice: [{ type: HELLO }] } }")
        == [])
  }

  @Test("ends at the first step that fails, and tells all that is wrong with it")
  func failing() async throws {
    #expect(
      try await mismatches(
        "",
        "from: alice, \(Self.message), expect: { verdict: continue, answer: { type: ACK }, stages: { auth: stop } }",
        "type: PING, expect: { verdict: stop }") == [
          "5:163 expected 'auth' to say 'stop', found 'continue'",
          "5:140 expected answer.type to be 'ACK', found MESSAGE_SENT "
            + #"{"tempId":"m1","messageId":"msg_07be6v2000000","timestamp":"2026-01-01T12:00:00.000Z"}"#,
        ])
    #expect(
      try await mismatches(
        "", "from: alice, \(Self.message), expect: { delivers: { bob: [], carol: [{ type: X }] } }")
        == [
          "5:122 expected 0 events for 'bob', found 1: NEW_MESSAGE",
          "5:133 expected 1 event for 'carol', found 0",
        ])
  }

  @Test("tells a stage and a code that are others than expected")
  func decider() async throws {
    #expect(
      try await mismatches("", "type: PING, expect: { verdict: reject, stage: persist, code: FORBIDDEN }")
        == [
          "5:57 expected stage 'persist', found 'reject' with UNAUTHENTICATED by 'auth'",
          "5:72 expected code 'FORBIDDEN', found 'reject' with UNAUTHENTICATED by 'auth'",
        ])
  }

  @Test("finds what is delivered by way of the store, also where nothing was expected")
  func unexpected() async throws {
    #expect(
      try await mismatches(
        "",
        "from: alice, type: TYPING, data: { receiverId: bob, isTyping: true }, expect: { delivers: { bob: [] } }"
      )
        == ["5:108 expected 0 events for 'bob', found 1: USER_TYPING"])
  }

  @Test("tells which of several events failed, and what became of it")
  func story() async throws {
    let results = try await TestFolder(stages: "  - stage: rate_limit\n    burst: 2").results(
      """
        - name: one
          steps:
            - { from: alice, type: PING, repeat: 3, expect: { verdict: continue } }
      """)
    #expect(
      results[0].mismatches.map(\.message) == [
        "expected verdict 'continue', found 'reject' with RATE_LIMITED by 'rate_limit'"
      ])
    #expect(
      results[0].story == [
        "PING of 'alice', 3 of 3, at 2026-01-01T12:00:00.000Z:", "  auth            continue",
        "  rate_limit      reject RATE_LIMITED: too many events; send this one again later",
        #"  =               ERROR {"code":"RATE_LIMITED","message":"too many events; send this one again later","stage":"rate_limit","retryAfterMs":20}"#,
      ])
  }

  @Test("tells what an effect says of an event whose sender has its answer already")
  func effect() async throws {
    let mismatches = try await TestFolder(tail: "  - stage: judge").mismatches(
      """
        - name: one
          steps:
            - from: alice
              type: NEW_MESSAGE
              data: { tempId: m1, receiverId: bob, content: hi }
              expect: { verdict: reject, stage: judge, code: FORBIDDEN, answer: { type: MESSAGE_SENT } }
      """, [Judge.self])
    #expect(mismatches == [])
  }

  @Test("tells a type that no stage takes")
  func unknown() async throws {
    #expect(
      try await mismatches("", "from: alice, type: NO_SUCH, expect: { verdict: continue }") == [
        "5:58 expected verdict 'continue', found 'reject' with UNKNOWN_EVENT, since no stage takes it"
      ])
  }

  @Test("begins at its time, each with a chain that has seen nothing")
  func fresh() async throws {
    let results = try await TestFolder(stages: "  - stage: rate_limit\n    burst: 1").results(
      """
        - name: one
          steps:
            - { from: alice, type: PING, expect: { answer: { data: { serverTime: 2026-01-01T12:00:00.000Z } } } }
        - name: two
          time: 2027-02-03T04:05:06Z
          steps:
            - { after: 1m, from: alice, type: PING, expect: { answer: { data: { serverTime: 2027-02-03T04:06:06.000Z } } } }
      """)
    #expect(results.flatMap(\.mismatches) == [])
  }

  @Test("gives a chain with tokens that it signs, also over HTTP, and one's own backend")
  func tokens() async throws {
    #expect(
      try await mismatches(
        "",
        "token: { sub: alice }, \(Self.message), expect: { verdict: continue }",
        "token: { sub: alice }, ingress: http, \(Self.message), expect: { answer: { data: { duplicate: true } } }",
        "token: { sub: alice, ttl: never }, type: PING, expect: { verdict: reject, stage: auth, code: UNAUTHENTICATED }",
        "from: alice, type: CONNECT, keep: { c: connectionId }",
        "from: alice, token: { sub: alice }, type: AUTH, expect: { answer: { data: { connectionId: $c } } }",
        "from: alice, token: { sub: bob }, type: AUTH, expect: { verdict: reject, stage: auth, code: FORBIDDEN }",
        "from: alice, type: QUERY, data: { query: server.disconnect, userId: bob }, expect: { verdict: reject, stage: read, code: FORBIDDEN }",
        "from: shop, scopes: ['sluice:server'], type: QUERY, data: { query: server.disconnect, userId: bob }, expect: { verdict: continue }"
      ) == [])
  }
}

/// Fails on every event.
private struct Stumbling: EventStage {
  static let name = "stumbling"

  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  func process(_ event: inout Event) throws -> Verdict { throw StageStartError("it stumbled") }
}

/// Never answers.
private struct Silent: AsyncStage {
  static let name = "silent"

  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  func process(_ event: inout Event) async throws -> Verdict {
    try await Task.sleep(for: .seconds(600))
    return .continue
  }
}

/// Tells the sender something some time after the event has ended, from a thread of its own.
private struct Late: EventStage {
  static let name = "late"
  let router: any Router

  init(_ configuration: NoConfiguration, _ context: StageContext) throws { router = try context.router }

  func process(_ event: inout Event) -> Verdict {
    guard let user = event.identity?.userID else { return .continue }
    let router = router
    Task {
      try await Task.sleep(for: .milliseconds(50))
      router.deliver([Delivery(to: user, OutgoingEvent("HELLO"))])
    }
    return .continue
  }
}

/// Rejects every message.
private struct Judge: EventStage {
  static let name = "judge"
  static let events: EventFilter = .only(.newMessage)

  init(_ configuration: NoConfiguration, _ context: StageContext) {}

  func process(_ event: inout Event) -> Verdict { .reject(.forbidden, "not today") }
}

import Logging
import Pipeline
import PipelineTestKit
import Services
import Synchronization
import Testing

@testable import Stages

/// A server of keys that answers as the test says.
private final class ScriptedFetcher: WebFetcher {
  enum Answer: Sendable {
    case body(String)
    case whole(WebResponse)
    case fault
    case hang
  }
  private let answer: Mutex<Answer>
  private let asked = Mutex(0)

  init(_ answer: Answer) { self.answer = Mutex(answer) }

  var count: Int { asked.withLock { $0 } }

  func set(_ next: Answer) { answer.withLock { $0 = next } }

  func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse {
    asked.withLock { $0 += 1 }
    switch answer.withLock({ $0 }) {
    case .body(let text): return WebResponse(status: 200, body: Array(text.utf8))
    case .whole(let response): return response
    case .fault: throw WebFault("no route")
    case .hang:
      try await Task.sleep(for: .seconds(3600))
      throw WebFault("woken")
    }
  }
}

@Suite("Keys that are fetched")
struct RemoteKeysTests {
  private let clock = ManualClock(start: ForgedToken.now)
  private let scheduler = ManualScheduler()
  private let pair = KeyPair()

  private func keys(_ fetcher: ScriptedFetcher, keptFor lifetime: Duration = .seconds(600)) -> RemoteKeys {
    RemoteKeys(
      "https://login.example/keys", keptFor: lifetime, fetcher, scheduler, clock.clock,
      Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

  @Test("They are fetched at the start and again after their lifetime")
  func lifetime() async {
    let fetcher = ScriptedFetcher(.body(set(pair.jwk(id: "1"))))
    let remote = keys(fetcher)
    #expect(remote.isWaiting)
    await remote.fetch()
    #expect(!remote.isWaiting)
    #expect(remote.keys.members.map(\.id) == ["1"])
    #expect(scheduler.runAll() == [.seconds(600)])
    // The call makes a task; asking waits for it.
    await remote.fetch()
    #expect(fetcher.count >= 2)
  }

  @Test(
    "A server's max-age shortens the lifetime, within bounds",
    arguments: [
      (nil, 600), ("max-age=300", 300), ("public, MAX-AGE=\"120\" , must-revalidate", 120), ("max-age=1", 60),
      ("max-age=86400", 600), ("max-age=-5", 600), ("max-age=99999999999999999999", 600), ("no-store", 600),
      ("", 600),
    ])
  func maxAge(header: String?, seconds: Int64) {
    #expect(RemoteKeys.lifetime(header, atMost: .seconds(600)) == .seconds(seconds))
  }

  @Test("An unknown name has them fetched, but not again and again")
  func unknownNames() async {
    let fetcher = ScriptedFetcher(.body(set(pair.jwk(id: "1"))))
    let remote = keys(fetcher)
    await remote.fetch()
    for _ in 0..<10 { await remote.refresh() }
    #expect(fetcher.count == 1)
    clock.advance(by: RemoteKeys.leastPause)
    for _ in 0..<10 { await remote.refresh() }
    #expect(fetcher.count == 2)
  }

  @Test("Whoever asks while they are fetched waits for that fetch")
  func joined() async {
    let fetcher = ScriptedFetcher(.body(set(pair.jwk())))
    let remote = keys(fetcher)
    await withTaskGroup { group in
      for _ in 0..<50 { group.addTask { await remote.refresh() } }
    }
    #expect(fetcher.count == 1)
    #expect(!remote.isWaiting)
  }

  @Test(
    "A server that lies or fails changes nothing and is asked again after a growing pause",
    arguments: [
      ScriptedFetcher.Answer.fault, .body("<html>"), .body(#"{"keys":[]}"#),
      .whole(WebResponse(status: 500, body: Array(#"{"keys":[]}"#.utf8))),
      .whole(WebResponse(status: 302, body: [])),
    ])
  fileprivate func failures(answer: ScriptedFetcher.Answer) async {
    let fetcher = ScriptedFetcher(.body(set(pair.jwk(id: "1"))))
    let remote = keys(fetcher)
    await remote.fetch()
    let credential = remote.keys.members[0].credential
    fetcher.set(answer)
    scheduler.drop()
    var pauses: [Duration] = []
    for _ in 0..<9 {
      await remote.fetch()
      pauses += scheduler.drop()
    }
    #expect(remote.keys.members.map(\.id) == ["1"])
    #expect(!credential.isWithdrawn)
    let full = [1, 2, 4, 8, 16, 32, 60, 60, 60].map { Duration.seconds($0) }
    #expect(zip(pauses, full).allSatisfy { $0 <= $1 && $0 >= $1 / 2 } && pauses.count == 9)
    // What forged names ask for is not let through meanwhile.
    let count = fetcher.count
    await remote.refresh()
    #expect(fetcher.count == count)
  }

  @Test("A key that is gone is withdrawn; what it has confirmed ends after the grace")
  func withdrawn() async throws {
    let (old, new) = (KeyPair(), KeyPair())
    let fetcher = ScriptedFetcher(.body(set(old.jwk(id: "old"))))
    let remote = keys(fetcher)
    await remote.fetch()
    let verifier = TokenVerifier(source: remote, algorithms: [.edDSA], policy: ClaimsPolicy())
    let identity = try await verifier.verifyNow(old.token(id: "old"), clock.clock)
    fetcher.set(.body(set(new.jwk(id: "new"))))
    clock.advance(by: RemoteKeys.leastPause)
    // A token of the new key has the new set fetched.
    #expect(try await verifier.verifyNow(new.token(id: "new"), clock.clock).userID == "ada")
    let now = clock.clock.wall()
    #expect(identity.endsAt == now + Credential.grace)
    #expect(identity.isValid(at: now) && !identity.isValid(at: now + Credential.grace))
    await #expect(throws: TokenFault.signature) {
      try await verifier.verifyNow(old.token(id: "old"), clock.clock)
    }
  }

  @Test("Without any keys yet, tokens are not refused for good")
  func noKeys() async throws {
    let fetcher = ScriptedFetcher(.fault)
    let remote = keys(fetcher)
    await remote.fetch()
    let verifier = TokenVerifier(source: remote, algorithms: [.edDSA], policy: ClaimsPolicy())
    await #expect(throws: TokenFault.noKeys) { try await verifier.verifyNow(pair.token(), clock.clock) }
    #expect(TokenFault.noKeys.rejection.code == .unavailable)
    fetcher.set(.body(set(pair.jwk())))
    await remote.fetch()
    #expect(try await verifier.verifyNow(pair.token(), clock.clock).userID == "ada")
  }

  @Test("The end of the stage ends a fetch that hangs, and there are no more")
  func ends() async {
    let fetcher = ScriptedFetcher(.hang)
    let remote = keys(fetcher)
    async let fetch: Void = remote.fetch()
    while fetcher.count == 0 { await Task.yield() }
    remote.end()
    await fetch
    await remote.fetch()
    #expect(fetcher.count == 1)
    #expect(scheduler.runAll().isEmpty)
  }
}

extension ManualScheduler {
  /// Forgets the calls that were asked for; returns their delays.
  @discardableResult
  fileprivate func drop() -> [Duration] { takeAll().map(\.delay) }
}

extension TokenVerifier {
  /// Verifies a token to the end.
  fileprivate func verifyNow(_ token: String, _ clock: EngineClock) async throws(TokenFault) -> Identity {
    switch attempt(token, now: clock.wall()) {
    case .settled(let result): try result.get()
    case .unsettled(let unverified): try await finish(unverified, clock: clock)
    }
  }
}

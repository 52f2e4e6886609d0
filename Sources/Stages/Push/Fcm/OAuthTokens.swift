import Logging
import Pipeline
import Services
import Synchronization

/// The access token that requests to FCM carry: asked for by an assertion (RFC 7523), kept, and renewed ahead of its end.
///
/// However many ask, one request is under way. What fails is not asked for again for a while, so that a wrong key or an
/// outage costs the token server little; until then everybody gets the same fault.
final class OAuthTokens: Sendable {
  /// How long before its end a token is renewed; half its life, where that is less.
  static let ahead = Duration.seconds(300)
  /// How long a request may take.
  static let timeout = Duration.seconds(8)
  /// The first and the longest pause after failures.
  static let backoff = (first: Duration.seconds(1), most: Duration.seconds(60))

  /// Why there is no token.
  struct Fault: Error, Sendable {
    let answer: PushAnswer
  }

  private struct Token {
    let text: String
    let renewAt: UInt64
    let end: UInt64
  }

  private struct State {
    var token: Token?
    var flight: Task<Result<String, Fault>, Never>?
    var failures = 0
    /// Nothing is asked for before this moment, and the fault that everybody gets until then.
    var pause: (until: UInt64, fault: Fault)?
  }

  private let account: ServiceAccount
  private let web: any WebSender
  private let clock: EngineClock
  private let logger: Logger
  private let state = Mutex(State())

  init(_ account: ServiceAccount, _ web: any WebSender, _ clock: EngineClock, _ logger: Logger) {
    self.account = account
    self.web = web
    self.clock = clock
    self.logger = logger
  }

  /// A token that is good now.
  ///
  /// - Throws: ``Fault`` where there is none to be had.
  func token() async throws(Fault) -> String {
    let now = clock.monotonic()
    let (ready, flight) = state.withLock {
      state -> (Result<String, Fault>?, Task<Result<String, Fault>, Never>?) in
      let usable = state.token.flatMap { now < $0.end ? $0 : nil }
      if let usable, now < usable.renewAt { return (.success(usable.text), nil) }
      if state.flight == nil {
        if let pause = state.pause, now < pause.until {
          return (usable.map { .success($0.text) } ?? .failure(pause.fault), nil)
        }
        state.flight = Task { await renew() }
      }
      // As long as the old one is good nobody waits for the next.
      return (usable.map { .success($0.text) }, state.flight)
    }
    if let ready { return try ready.get() }
    guard let flight else { throw Fault(answer: PushAnswer(.later(.broken), .unauthorized, "no token")) }
    return try await flight.value.get()
  }

  /// Forgets a token that was refused, unless another has taken its place.
  func drop(_ text: String) {
    state.withLock { if $0.token?.text == text { $0.token = nil } }
  }

  private func renew() async -> Result<String, Fault> {
    do throws(Fault) {
      let (text, lifetime) = try await fetch()
      let now = clock.monotonic()
      let life = UInt64(lifetime.wholeNanoseconds)
      let ahead = min(UInt64(Self.ahead.wholeNanoseconds), life / 2)
      state.withLock { state in
        state.token = Token(text: text, renewAt: now + life - ahead, end: now + life)
        state.flight = nil
        state.failures = 0
        state.pause = nil
      }
      logger.info("renewed the token for FCM", metadata: ["lifetime": "\(lifetime.components.seconds)s"])
      return .success(text)
    } catch {
      let now = clock.monotonic()
      let failures = state.withLock { state in
        state.flight = nil
        state.failures += 1
        let grown = Self.backoff.first * Double(1 << min(state.failures - 1, 10))
        let pause = min(grown, Self.backoff.most) * Double.random(in: 0.5...1)
        state.pause = (now + UInt64(pause.wholeNanoseconds), error)
        return state.failures
      }
      logger.error(
        "there is no token for FCM to be had",
        metadata: [
          "reason": "\(error.answer.reason.rawValue)", "detail": "\(error.answer.detail)",
          "failures": "\(failures)",
        ])
      return .failure(error)
    }
  }

  private func fetch() async throws(Fault) -> (String, Duration) {
    let assertion: String
    do throws(SigningError) { assertion = try account.assertion(at: clock.wall()) } catch {
      throw Fault(answer: PushAnswer(.later(.broken), .unauthorized, "\(error)"))
    }
    let grant = PercentEncoding.encode("urn:ietf:params:oauth:grant-type:jwt-bearer")
    let answer: WebAnswer
    do {
      answer = try await web.post(
        WebPost(
          account.tokenURI, headers: [("Content-Type", "application/x-www-form-urlencoded")],
          body: Array("grant_type=\(grant)&assertion=\(assertion)".utf8), timeout: Self.timeout))
    } catch {
      throw Fault(answer: PushAnswer(.later(.unavailable(nil)), .unreachable, "the token server: \(error)"))
    }
    guard answer.status == 200, let json = try? JSONValue(parsing: answer.body),
      let token = json["access_token"]?.string, Self.isToken(token)
    else { throw Fault(answer: Self.refusal(answer, at: clock.wall())) }
    let lifetime = min(max(json["expires_in"]?.integer ?? 3600, 1), 86_400)
    return (token, .seconds(lifetime))
  }

  /// Whether a text can stand in a header.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 8192 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }

  private static func refusal(_ answer: WebAnswer, at now: Timestamp) -> PushAnswer {
    let code = (try? JSONValue(parsing: answer.body))?["error"]?.string ?? ""
    let isName = code.utf8.count <= 64 && code.utf8.allSatisfy { $0 == 0x5f || (0x61...0x7a).contains($0) }
    let detail = "the token server: \(answer.status)" + (isName && !code.isEmpty ? " \(code)" : "")
    let wait = answer.retryAfter.flatMap { RetryAfter.wait($0, at: now) }
    switch answer.status {
    case 429: return PushAnswer(.later(.throttled(wait)), .throttled, detail)
    case 500...: return PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    default: return PushAnswer(.later(.broken), .unauthorized, detail)
    }
  }
}

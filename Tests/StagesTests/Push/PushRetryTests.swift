import Pipeline
import Services
import Testing

@testable import Stages

@Suite("When a push is tried again")
struct PushRetryTests {
  private let backoff = PushBackoff(first: .seconds(10), lifetime: .seconds(3600))
  private let sent = Timestamp(milliseconds: 1_800_000_000_000)

  private func job(attempts: Int = 0) -> PushJob {
    PushJob(
      id: PushJobID(service: "fcm", messageID: .lowest(at: sent), deviceToken: "t"), receiverID: "b",
      senderID: "a",
      content: "hi", due: sent, attempts: attempts, lease: sent + .seconds(30))
  }

  private func settle(_ meaning: PushAnswer.Meaning, attempts: Int = 0, after age: Duration = .zero)
    -> PushSettlement
  {
    PushSettlement(
      PushAnswer(meaning, .unavailable), job(attempts: attempts), backoff, at: sent + age, luck: 0)
  }

  @Test("Pauses double from the first on, with chance in them, up to an hour")
  func doubling() {
    let pauses = (0..<4).map { backoff.pause(.unavailable(nil), attempts: $0, luck: 0) }
    #expect(pauses == [.seconds(10), .seconds(20), .seconds(40), .seconds(80)])
    #expect(backoff.pause(.unavailable(nil), attempts: 0, luck: 1) == .seconds(15))
    #expect(backoff.pause(.unavailable(nil), attempts: 60, luck: 0) == .seconds(3600))
  }

  @Test("Where there is too much, or something must be mended, they begin with a minute")
  func minute() {
    #expect(backoff.pause(.throttled(nil), attempts: 0, luck: 0) == .seconds(60))
    #expect(backoff.pause(.throttled(nil), attempts: 1, luck: 0) == .seconds(120))
    #expect(backoff.pause(.broken, attempts: 0, luck: 0) == .seconds(60))
  }

  @Test("What the service says goes before, however often it failed, and is never undercut")
  func told() {
    for delay in [PushAnswer.Delay.throttled(.seconds(7)), .unavailable(.seconds(7))] {
      #expect(backoff.pause(delay, attempts: 9, luck: 0) == .seconds(7))
      #expect((.seconds(7)...(.seconds(8))).contains(backoff.pause(delay, attempts: 0, luck: 1)))
    }
  }

  @Test("Each meaning has its outcome")
  func outcomes() {
    #expect(settle(.sent).outcome == .done && settle(.sent).loss == nil)
    #expect(settle(.deviceGone).outcome == .deviceGone && settle(.deviceGone).loss == nil)
    #expect(settle(.deviceRefused).outcome == .deviceQuarantined)
    #expect(settle(.refused).outcome == .lost && settle(.refused).loss != nil)
    #expect(settle(.later(.unavailable(nil))).outcome == .retry(at: sent + .seconds(10)))
  }

  @Test("What would be tried again after its time is given up at once")
  func expired() {
    let inTime = settle(.later(.unavailable(nil)), after: .seconds(3589))
    #expect(inTime.outcome == .retry(at: sent + .seconds(3599)))
    let late = settle(.later(.unavailable(nil)), after: .seconds(3590))
    #expect(late.outcome == .lost && late.loss == .expired)
  }

  @Test("After several failures in a row nothing is sent for a while, then a few to find out")
  func breaker() {
    var breaker = PushBreaker()
    for _ in 1..<PushBreaker.threshold { breaker.fail(at: 0, pause: .seconds(20)) }
    #expect(!breaker.isOpen && breaker.allowance(400, at: 0) == 400)
    breaker.fail(at: 0, pause: .seconds(20))
    #expect(breaker.isOpen && breaker.allowance(400, at: 19_000_000_000) == 0)
    #expect((1..<10).contains(breaker.allowance(400, at: 20_000_000_000)))
    breaker.fail(at: 20_000_000_000, pause: .seconds(3600))
    #expect(breaker.allowance(400, at: 79_000_000_000) == 0)
    #expect(breaker.allowance(400, at: 80_000_000_000) > 0)
    breaker.succeed()
    #expect(breaker.allowance(400, at: 80_000_000_000) == 400)
  }
}

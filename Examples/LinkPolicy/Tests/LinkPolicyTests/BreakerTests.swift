import Testing

@testable import LinkPolicy

@Suite("The breaker")
struct BreakerTests {
  private var breaker = Breaker(limit: 2, pause: .seconds(1))

  @Test("leaves a server alone after faults in a row, and only in a row")
  mutating func opens() {
    let early = breaker.missed(at: 0)
    breaker.heard()
    let second = breaker.missed(at: 0)
    let third = breaker.missed(at: 0)
    #expect([early, second, third] == [false, false, true])
    let (during, after) = (breaker.mayAsk(at: 999_999_999), breaker.mayAsk(at: 1_000_000_000))
    #expect(!during && after)
  }

  @Test("lets one find out whether the server is back, and another when nothing was heard of the first")
  mutating func tries() {
    for _ in 0..<2 { _ = breaker.missed(at: 0) }
    let asked = [1, 1, 2, 2].map { breaker.mayAsk(at: $0 * 1_000_000_000) }
    #expect(asked == [true, false, true, false])
    breaker.heard()
    let closed = breaker.mayAsk(at: 0)
    #expect(closed)
  }

  @Test("leaves it alone again where it is not back")
  mutating func reopens() {
    for _ in 0..<2 { _ = breaker.missed(at: 0) }
    _ = breaker.mayAsk(at: 1_000_000_000)
    let again = breaker.missed(at: 1_500_000_000)
    let (during, after) = (breaker.mayAsk(at: 2_400_000_000), breaker.mayAsk(at: 2_500_000_000))
    #expect(again && !during && after)
  }
}

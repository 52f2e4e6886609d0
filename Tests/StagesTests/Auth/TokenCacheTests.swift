import Pipeline
import Testing

@testable import Stages

@Suite struct TokenCacheTests {
  private func key(_ number: Int) -> TokenCache.Key { TokenCache.Key(token: "token \(number)") }

  @Test("Tokens are told apart by their hash, and the same one is known again")
  func keys() {
    #expect(key(1) == key(1))
    #expect(Set((0..<1000).map(key)).count == 1000)
  }

  @Test("It never holds more than its capacity, and the oldest goes first", arguments: [1, 2, 7, 100])
  func bounded(capacity: Int) {
    var cache = TokenCache(capacity: capacity)
    for number in 0..<500 {
      cache.insert(Identity(userID: "\(number)"), for: key(number))
      #expect(cache.count == min(number + 1, capacity))
      #expect(cache[key(number)]?.userID == "\(number)")
      let oldest = max(0, number + 1 - capacity)
      #expect(cache[key(oldest)]?.userID == "\(oldest)")
      if oldest > 0 { #expect(cache[key(oldest - 1)] == nil) }
    }
  }

  @Test("What is put in again takes no second place")
  func again() {
    var cache = TokenCache(capacity: 2)
    cache.insert(Identity(userID: "first"), for: key(1))
    cache.insert(Identity(userID: "second"), for: key(1))
    cache.insert(Identity(userID: "other"), for: key(2))
    #expect(cache.count == 2)
    #expect(cache[key(1)]?.userID == "second")
  }
}

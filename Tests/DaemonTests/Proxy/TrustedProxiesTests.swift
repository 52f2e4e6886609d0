import Testing

@testable import Daemon

@Suite("Who is believed about whom")
struct TrustedProxiesTests {
  private let proxies: TrustedProxies

  init() throws { proxies = try #require(TrustedProxies(["10.0.0.0/8", "2001:db8::/32"])) }

  @Test("Nobody is trusted who is not named, and a Unix socket only by its name")
  func trust() throws {
    #expect(proxies.trust(IPAddress("10.1.2.3")))
    #expect(!proxies.trust(IPAddress("192.0.2.1")))
    #expect(!proxies.trust(nil))
    #expect(try #require(TrustedProxies(["unix"])).trust(nil))
    #expect(!TrustedProxies.none.trust(nil) && !TrustedProxies.none.trust(IPAddress("127.0.0.1")))
    #expect(TrustedProxies(["10.0.0.0/8", "example.com"]) == nil)
  }

  @Test(
    "The client is the last address that is no trusted proxy's",
    arguments: [
      (["203.0.113.9"], "203.0.113.9"), (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
      (["203.0.113.9, 10.0.0.2, 10.0.0.3"], "203.0.113.9"),
      (["198.51.100.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
      (["10.0.0.4"], "10.0.0.4"), (["\t203.0.113.9:4711 "], "203.0.113.9"),
      (["[2001:db9::7]:443"], "2001:db9::7"),
      (["2001:db9::7"], "2001:db9::7"), (["evil, 203.0.113.9"], "203.0.113.9"),
      (["203.0.113.9, unknown"], nil),
      (["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"), ([], nil), ([""], nil), (["203.0.113.9:x"], nil),
    ])
  func forwarded(values: [String], client: String?) {
    #expect(proxies.client(forwardedFor: values)?.description == client)
  }
}

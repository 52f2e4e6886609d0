import Testing

@testable import Daemon

@Suite struct IPAddressTests {
  @Test(
    "An address is read and shown, one of IPv4 mapped into IPv6 as what it is",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::1"),
      ("::1", "::1"),
      ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ])
  func read(text: String, shown: String) { #expect(IPAddress(text)?.description == shown) }

  @Test(
    "What is no address is none",
    arguments: [
      "", "1.2.3", "1.2.3.256", "1.2.3.4.5", "x", "1.2.3.4:80", "[::1]", ":::", "::1%lo", " ::1", "01.2.3.4",
    ])
  func none(text: String) { #expect(IPAddress(text) == nil) }

  @Test("A customer is an address of IPv4, or the first 64 bits of one of IPv6")
  func customers() {
    #expect(IPAddress("192.0.2.7")?.customer != IPAddress("192.0.2.8")?.customer)
    #expect(IPAddress("2001:db8:1:2::7")?.customer == IPAddress("2001:db8:1:2:ffff::8")?.customer)
    #expect(IPAddress("2001:db8:1:2::7")?.customer != IPAddress("2001:db8:1:3::7")?.customer)
  }

  @Test(
    "A range holds what begins like it",
    arguments: [
      ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.7", "10.0.0.7", true),
      ("10.0.0.7", "10.0.0.6", false), ("0.0.0.0/0", "203.0.113.9", true),
      ("0.0.0.0/0", "2001:db8::1", false),
      ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
      ("2001:db8::1", "2001:db8::1", true), ("::/0", "192.0.2.1", true),
      ("10.0.0.0/8", "::ffff:10.1.2.3", true),
      ("2001:db8:0:1::/65", "2001:db8:0:1:7fff::", true), ("2001:db8:0:1::/65", "2001:db8:0:1:8000::", false),
    ])
  func ranges(range: String, address: String, isIn: Bool) throws {
    let range = try #require(IPRange(range))
    #expect(range.contains(try #require(IPAddress(address))) == isIn)
  }

  @Test(
    "What is no range is none",
    arguments: ["", "/8", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "a/8"])
  func noRange(text: String) { #expect(IPRange(text) == nil) }
}

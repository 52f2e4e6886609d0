import Testing

@testable import Daemon

@Suite struct ListenAddressTests {
  @Test(
    "An address is read and shown as it was written",
    arguments: [
      ("127.0.0.1:8080", true), ("0.0.0.0:80", false), ("[::1]:8080", true), ("[2001:db8::1]:443", false),
      ("localhost:0", true), ("chat.example:443", false), ("unix:/run/sluice.sock", true),
      ("systemd", true),
    ])
  func good(text: String, isLocal: Bool) {
    #expect(ListenAddress(text)?.description == text)
    #expect(ListenAddress(text)?.isLocal == isLocal)
  }

  @Test(
    "What is none is refused",
    arguments: [
      "", "8080", ":8080", "::1:8080", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:x", "unix:", "systemd:",
      "Systemd",
      "unix:relative.sock",
      "unix:/" + String(repeating: "x", count: 107),
    ])
  func bad(text: String) { #expect(ListenAddress(text) == nil) }
}

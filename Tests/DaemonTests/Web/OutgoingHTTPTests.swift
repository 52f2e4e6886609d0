import Testing

@testable import Daemon

@Suite("How the daemon's own requests leave the machine")
struct OutgoingHTTPTests {
  private func proxy(_ environment: [String: String], _ address: String) -> String? {
    OutgoingHTTP(environment: environment).proxy(for: address).map { "\($0.host):\($0.port)" }
  }

  @Test("By the proxy for the address's scheme, in capitals or not")
  func schemes() {
    let both = ["HTTPS_PROXY": "http://proxy.example:3128", "http_proxy": "plain.example"]
    #expect(proxy(both, "https://fcm.example/v1") == "proxy.example:3128")
    #expect(proxy(both, "http://fcm.example/v1") == "plain.example:80")
    #expect(proxy([:], "https://fcm.example/") == nil)
    #expect(proxy(["HTTPS_PROXY": ""], "https://fcm.example/") == nil)
    #expect(proxy(["HTTPS_PROXY": "socks5://proxy.example:1080"], "https://fcm.example/") == nil)
  }

  @Test(
    "Hosts of NO_PROXY, and this machine, are reached without",
    arguments: [
      ("https://fcm.example/", "fcm.example", true), ("https://a.fcm.example/", "fcm.example", true),
      ("https://a.fcm.example:8443/x", ".fcm.example", true),
      ("https://FCM.example/", "other, fcm.EXAMPLE", true),
      ("https://notfcm.example/", "fcm.example", false), ("https://fcm.example/", "*", true),
      ("https://fcm.example/", "", false), ("https://127.0.0.1:9/", "", true),
      ("https://localhost/", "", true),
      ("https://[::1]:9/", "", true),
    ])
  func direct(address: String, list: String, isDirect: Bool) {
    let found = proxy(["HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": list], address)
    #expect((found == nil) == isDirect)
  }

  @Test("A proxy may want a name and a password")
  func credentials() {
    let proxy = OutgoingHTTP.Proxy("http://ann:p:w@[2001:db8::1]:3128/")
    #expect(proxy?.host == "2001:db8::1" && proxy?.port == 3128)
    #expect(proxy?.user == "ann" && proxy?.password == "p:w")
  }

  @Test(
    "What is no proxy is none", arguments: ["", "http://", "http://host:port", "http://host:0", "http://a/b"])
  func wrong(text: String) {
    #expect(OutgoingHTTP.Proxy(text) == nil)
  }
}

import Testing

@testable import Pipeline

@Suite("The line that a fault is shown in")
struct ShownLineTests {
  @Test(
    "No password of an address is shown",
    arguments: [
      ("store: postgres://u:secret@h/db", "store: postgres://u:******@h/db"),
      ("store: postgres://u:se@c:ret@h/db", "store: postgres://u:********@h/db"),
      ("a: redis://:p@h b: redis://x:y@h", "a: redis://:*@h b: redis://x:*@h"),
      ("url: https://h:80/path", "url: https://h:80/path"),
      ("store: postgres://u@h:5432/db", "store: postgres://u@h:5432/db"),
      ("s: postgres://h/db?password=secret&a=b", "s: postgres://h/db?password=******&a=b"),
      ("s: postgres://h/db?sslpassword=secret x", "s: postgres://h/db?sslpassword=****** x"),
      ("password=", "password="), ("no address", "no address"),
    ])
  func passwords(line: String, shown: String) {
    #expect(String(FaultReport.withoutPassword(Array(line))) == shown)
  }
}

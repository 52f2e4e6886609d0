import Pipeline
import Testing

@testable import Stages

@Suite("What is wrong with an entry of the FCM stage")
struct FcmCheckTests {
  private func faults(_ change: (inout FcmConfiguration) -> Void) -> [String] {
    var configuration = FcmConfiguration()
    change(&configuration)
    var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: true))
    Fcm.check(configuration, &report)
    return report.findings.filter { $0.severity == .error }.compactMap(\.key)
  }

  private func tree(_ text: String) throws -> ConfigurationTree {
    ConfigurationTree(try JSONValue(parsing: Array(text.utf8)))
  }

  @Test("An entry without faults has none, and without credentials a warning")
  func fine() {
    #expect(faults { _ in } == [])
    var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: true))
    Fcm.check(FcmConfiguration(), &report)
    #expect(report.findings.map(\.severity) == [.warning])
  }

  @Test("Templates that are wrong are faults at their keys")
  func templates() throws {
    #expect(faults { $0.title = "{name}" } == ["title"])
    #expect(faults { $0.body = "{" } == ["body"])
    #expect(faults { $0.clickAction = "}" } == ["click_action"])
    #expect(faults { $0.link = "http://app.example" } == ["link"])
    #expect(faults { $0.data = ["k": "{nothing}"] } == ["data"])
    let android = try tree(#"{"notification":{"icon":"{what}"}}"#)
    #expect(faults { $0.android = android } == ["android"])
  }

  @Test("With hidden content no template shows it")
  func hidden() throws {
    #expect(faults { $0.content = .hidden } == [])
    #expect(faults { ($0.content, $0.body) = (.hidden, "{content}") } == ["body"])
    #expect(faults { ($0.content, $0.title) = (.hidden, "{content}") } == ["title"])
    #expect(faults { ($0.content, $0.data) = (.hidden, ["k": "{content}"]) } == ["data"])
    let apns = try tree(#"{"payload":{"text":"{content}"}}"#)
    #expect(faults { ($0.content, $0.apns) = (.hidden, apns) } == ["apns"])
  }

  @Test(
    "Keys of data that FCM reserves or the stage sets are refused",
    arguments: ["from", "message_type", "google.x", "gcm_id", "", "messageId", "senderId", "conversation"])
  func reserved(key: String) {
    #expect(faults { $0.data = [key: "x"] } == ["data"])
  }

  @Test(
    "Members of a block that FCM does not know, or the stage sets, are refused",
    arguments: [
      ("android", #"{"colour":"red"}"#), ("android", #"{"ttl":"1s"}"#), ("android", #"{"collapse_key":"a"}"#),
      ("android", #"{"notification":{"tag":"t"}}"#), ("apns", #"{"headers":{"apns-collapse-id":"a"}}"#),
      ("apns", #"{"headers":{"apns-topic":1}}"#), ("apns", #"{"payload":{"aps":{"thread-id":"t"}}}"#),
      ("webpush", #"{"headers":{"TTL":"1"}}"#), ("webpush", #"[]"#),
    ])
  func blocks(block: String, json: String) throws {
    let tree = try tree(json)
    let found = faults { configuration in
      switch block {
      case "android": configuration.android = tree
      case "apns": configuration.apns = tree
      default: configuration.webpush = tree
      }
    }
    #expect(found == [block])
  }

  @Test("Templates that leave no room for content are refused")
  func large() {
    #expect(faults { $0.data = ["k": String(repeating: "x", count: 3000)] } == ["title"])
  }

  @Test("Times, addresses and numbers are bounded")
  func ranges() {
    #expect(faults { $0.after = ConfigDuration("10ms") } == ["after"])
    #expect(faults { $0.ttl = ConfigDuration("29d") } == ["ttl"])
    #expect(faults { $0.lease = ConfigDuration("1s") } == ["lease"])
    #expect(faults { $0.firstBackoff = ConfigDuration("0s") } == ["first_backoff"])
    #expect(faults { $0.parallel = 0 } == ["parallel"])
    #expect(faults { $0.endpoint = "fcm.example" } == ["endpoint"])
    #expect(faults { $0.endpoint = "http://fcm.example" } == ["endpoint"])
    #expect(faults { $0.endpoint = "http://127.0.0.1:9" } == [])
  }

  @Test("Credentials that are missing or wrong are a fault that shows nothing of them")
  func credentials() throws {
    #expect(faults { $0.credentials = "/nowhere/fcm.json" } == ["credentials"])
    let folder = try TemporaryDirectory()
    let path = try folder.write(#"{"type":"service_account","private_key":"the secret"}"#, to: "fcm.json")
    var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: true))
    Fcm.check(FcmConfiguration(credentials: path), &report)
    #expect(report.findings.map(\.key) == ["credentials"])
    #expect(!report.findings.map(\.message).joined().contains("the secret"))
  }
}

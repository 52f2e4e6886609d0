import Pipeline
import PipelineTestKit
import Services
import Testing

@testable import Stages

@Suite("Every built-in stage keeps to what any stage has to")
struct ConformanceTests {
  private static let message: EventData = ["tempId": "t", "receiverId": "bob", "content": "hi"]
  /// Events of all types, whole and malformed.
  private static let events = [
    SampleEvent(.newMessage, message), SampleEvent(.newMessage), SampleEvent(.newMessage, message, as: nil),
    SampleEvent(.messageRead, ["messageId": "unknown"]), SampleEvent(.messageDelivered),
    SampleEvent(.editMessage, ["messageId": "unknown", "content": "ho"]),
    SampleEvent(.deleteMessage, ["messageId": "unknown"]),
    SampleEvent(.typing, ["receiverId": "bob"]), SampleEvent(.ping), SampleEvent(.connect),
    SampleEvent(.auth, ["token": "none"]), SampleEvent(.query), SampleEvent(.disconnect),
  ]

  private func violations<Kind: Stage>(
    of type: Kind.Type, yaml: String, equip: @escaping StageConformance<Kind>.Equipment = { $0.all }
  ) async throws -> [String] {
    try await StageConformance(type, yaml: yaml, events: Self.events, equip: equip).violations()
  }

  @Test(
    "With keys of their own",
    arguments: [
      (RateLimit.self, "rate: 5/s\nburst: 3\nper_type: { TYPING: 1/s }"), (Dedup.self, "window: 5m"),
      (Persist.self, "who_may_message: connections"), (FanOut.self, "ephemeral: true"), (FanOut.self, ""),
      (Presence.self, "offline_after: 1s"), (Fcm.self, "after: 5s"),
    ] as [(any Stage.Type, String)])
  func builtIns(type: any Stage.Type, yaml: String) async throws {
    let found = try await violations(of: type, yaml: yaml)
    #expect(found == [])
  }

  @Test("The stage that knows who sent an event, with a secret and with keys on a server")
  func auth() async throws {
    let directory = try TemporaryDirectory()
    let secret = try directory.write(String(decoding: ForgedToken.secret, as: UTF8.self) + "\n")
    let keys = Array(#"{"keys":[\#(KeyPair().jwk())]}"#.utf8)
    for yaml in ["secret_file: \(secret)", "jwks_url: http://127.0.0.1/keys"] {
      let found = try await violations(of: Auth.self, yaml: yaml) { test in
        test.web.answer { _ in WebResponse(status: 200, body: keys) }
        return test.all
      }
      #expect(found == [])
    }
  }

  @Test("Those that push, with another server that takes everything")
  func pushing() async throws {
    let directory = try TemporaryDirectory()
    let secret = try directory.write(String(repeating: "s", count: 32) + "\n")
    let account = try directory.write(String(decoding: TestAccount.json(), as: UTF8.self), to: "fcm.json")
    let hook = try await violations(
      of: Webhook.self, yaml: "url: https://push.example/hook\nsecret_file: \(secret)", equip: Self.withServer
    )
    #expect(hook == [])
    let fcm = try await violations(of: Fcm.self, yaml: "credentials: \(account)", equip: Self.withServer)
    #expect(fcm == [])
  }

  private static func withServer(_ test: TestServices) -> ServiceSet {
    var services = test.all
    services[WebSenderKey.self] = ScriptedWeb()
    return services
  }

  @Test("None is left out")
  func all() {
    let tried: [any Stage.Type] = [
      Auth.self, RateLimit.self, Dedup.self, Persist.self, FanOut.self, Presence.self, Fcm.self,
      Webhook.self,
    ]
    #expect(StandardStages.all.map { $0.name } == tried.map { $0.name })
  }
}

import Pipeline
import PipelineTestKit
import Services
import Testing

@testable import Stages

@Suite("Pushes to an address of one's own")
struct WebhookTests {
  private let clock = ManualClock()

  @Test("A signature is that of the Standard Webhooks specification's example")
  func signature() {
    let signature = WebhookSignature([Array("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".utf8)])
    let headers = signature.headers(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Timestamp(milliseconds: 1_614_265_330_000),
      Array(#"{"test": 2432232314}"#.utf8))
    #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
    #expect(
      headers.map(\.value) == [
        "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      ])
  }

  @Test(
    "Base64 has its padding",
    arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\u{3e}\u{3f}\u{3f}", "Pj8/")])
  func base64(text: String, encoded: String) {
    #expect(WebhookSignature.base64(Array(text.utf8)) == encoded)
  }

  @Test(
    "The status says what becomes of a push",
    arguments: [
      (200, PushAnswer.Meaning.sent), (204, .sent), (301, .later(.broken)), (400, .refused),
      (401, .later(.broken)),
      (404, .refused), (408, .later(.unavailable(.seconds(5)))), (410, .refused),
      (429, .later(.throttled(.seconds(5)))), (500, .later(.unavailable(.seconds(5)))),
      (503, .later(.unavailable(.seconds(5)))),
    ])
  func meanings(status: Int, meaning: PushAnswer.Meaning) {
    let answer = WebAnswer(status: status, retryAfter: "5")
    #expect(WebhookSender.meaning(answer, at: Timestamp(milliseconds: 0)).meaning == meaning)
  }

  @Test("An address or a secret that can't be used is a fault at its key")
  func check() throws {
    let folder = try TemporaryDirectory()
    let secret = try folder.write(String(repeating: "s", count: 32) + "\n")
    func faults(_ url: String, _ path: String, _ change: (inout WebhookConfiguration) -> Void = { _ in })
      -> [String]
    {
      var configuration = WebhookConfiguration(url: url, secretFile: path)
      change(&configuration)
      var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: true))
      Webhook.check(configuration, &report)
      return report.findings.filter { $0.severity == .error }.compactMap(\.key)
    }
    #expect(faults("https://push.example/hook", secret) == [])
    #expect(faults("http://127.0.0.1:8000/hook", secret) == [])
    #expect(faults("http://push.example/hook", secret) == ["url"])
    #expect(faults("push.example", secret) == ["url"])
    #expect(faults("https://push.example/hook", "/nowhere") == ["secret_file"])
    #expect(faults("https://push.example/hook", secret) { $0.ttl = ConfigDuration("1s") } == ["ttl"])
    #expect(faults("https://push.example/hook", secret) { $0.parallel = 1000 } == ["parallel"])
  }

  @Test("What fails is sent again under the same id, signed anew")
  func ids() async {
    let web = ScriptedWeb()
    let sender = WebhookSender(
      "https://push.example/hook", isHidden: true, WebhookSignature([Array(repeating: 7, count: 32)]), web,
      clock.clock)
    let now = clock.clock.wall()
    let job = PushJob(
      id: PushJobID(service: "pager", messageID: .lowest(at: now)), receiverID: "bob", senderID: "ann",
      content: "a secret", due: now, lease: now + .seconds(30))
    for _ in 0..<2 {
      #expect(await sender.send(job, until: now, within: .seconds(5)).meaning == .sent)
      clock.advance(by: .seconds(60))
    }
    func values(_ name: String) -> [String] {
      web.requests.map { request in request.headers.first { $0.name == name }?.value ?? "" }
    }
    #expect(Set(values("webhook-id")) == ["pager_\(job.id.messageID)"])
    #expect(Set(values("webhook-signature")).count == 2)
    #expect(!String(decoding: web.requests[0].body, as: UTF8.self).contains("secret"))
  }
}

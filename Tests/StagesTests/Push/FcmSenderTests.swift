import Logging
import Pipeline
import PipelineTestKit
import Services
import Testing

@testable import Stages

@Suite("Sending one push by FCM")
struct FcmSenderTests {
  private let clock = ManualClock()
  private let web = ScriptedWeb { request in
    request.address.hasSuffix("/token")
      ? WebAnswer(status: 200, body: Array(#"{"access_token":"bearer","expires_in":3600}"#.utf8))
      : WebAnswer(status: 200, body: Array(#"{"name":"n"}"#.utf8))
  }

  private func send() async throws -> PushAnswer {
    let sender = FcmSender(
      try TestAccount.account(), FcmTemplates(FcmConfiguration()) { _, _ in },
      endpoint: "https://fcm.example/", web,
      clock.clock, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let now = clock.clock.wall()
    let job = PushJob(
      id: PushJobID(service: "fcm", messageID: .lowest(at: now), deviceToken: "device"), receiverID: "bob",
      senderID: "ann", senderName: "Ann", content: "Hello!", due: now, lease: now + .seconds(30))
    return await sender.send(job, until: now + .seconds(600), within: .seconds(20))
  }

  private var sends: [WebPost] { web.requests(to: "messages:send") }

  @Test("It goes to the project's address with the token")
  func plain() async throws {
    #expect(try await send().meaning == .sent)
    let request = try #require(sends.first)
    #expect(request.address == "https://fcm.example/v1/projects/proj/messages:send")
    #expect(request.headers.contains { $0 == ("Authorization", "Bearer bearer") })
    #expect(try JSONValue(parsing: request.body)["message"]?["android"]?["ttl"]?.string == "600s")
  }

  @Test("A plain 401 renews the token, once")
  func unauthorized() async throws {
    web.script("send", [.success(WebAnswer(status: 401))])
    #expect(try await send().meaning == .sent)
    #expect(web.requests(to: "/token").count == 2 && sends.count == 2)
    web.script("send", [.success(WebAnswer(status: 401)), .success(WebAnswer(status: 401))])
    #expect(try await send().reason == .unauthorized)
  }

  @Test("A 401 that is about another's credentials renews nothing")
  func thirdParty() async throws {
    let body =
      #"{"error":{"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"THIRD_PARTY_AUTH_ERROR"}]}}"#
    web.script("send", [.success(WebAnswer(status: 401, body: Array(body.utf8)))])
    #expect(try await send().reason == .thirdPartyAuth)
    #expect(sends.count == 1)
  }

  @Test("A connection that breaks is tried again at once, once")
  func broken() async throws {
    web.script("send", [.failure(WebFault("reset"))])
    #expect(try await send().meaning == .sent)
    web.script("send", [.failure(WebFault("reset")), .failure(WebFault("reset"))])
    let answer = try await send()
    #expect(answer.reason == .unreachable && answer.meaning == .later(.unavailable(nil)))
  }

  @Test("What had no answer in time may have arrived: it is not sent again at once")
  func timeout() async throws {
    web.script("send", [.failure(WebTimeout())])
    #expect(try await send().reason == .timeout)
    #expect(sends.count == 1)
  }
}

import Logging
import Pipeline
import PipelineTestKit
import Services
import Synchronization
import Testing

@testable import Stages

@Suite("Access tokens for FCM")
struct OAuthTokensTests {
  private let clock = ManualClock()

  private func tokens(_ web: ScriptedWeb) throws -> OAuthTokens {
    OAuthTokens(
      try TestAccount.account(), web, clock.clock, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// A token server that numbers what it gives.
  private static func server(lifetime: Int = 3600) -> ScriptedWeb {
    let count = Mutex(0)
    return ScriptedWeb { _ in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return WebAnswer(
        status: 200, body: Array(#"{"access_token":"t\#(number)","expires_in":\#(lifetime)}"#.utf8))
    }
  }

  /// Waits for what happens beside the test, but not for ever.
  private func comes(_ condition: () async throws -> Bool) async rethrows {
    for _ in 0..<2000 where try await !condition() { try? await Task.sleep(for: .milliseconds(5)) }
    let came = try await condition()
    #expect(came)
  }

  @Test("One is asked for, by an assertion, however many want it, and kept")
  func once() async throws {
    let web = Self.server()
    let tokens = try tokens(web)
    let given = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<50 { group.addTask { try await tokens.token() } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(given == ["t1"] && web.requests.count == 1)
    let request = try #require(web.requests.first)
    #expect(request.address == "https://oauth.example/token")
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(body.hasPrefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey"))
  }

  @Test("It is renewed five minutes ahead, and nobody waits for that")
  func ahead() async throws {
    let web = Self.server()
    let tokens = try tokens(web)
    _ = try await tokens.token()
    clock.advance(by: .seconds(3299))
    #expect(try await tokens.token() == "t1")
    #expect(web.requests.count == 1)
    clock.advance(by: .seconds(2))
    #expect(try await tokens.token() == "t1")
    try await comes { try await tokens.token() == "t2" }
    #expect(web.requests.count == 2)
  }

  @Test("After its end it is waited for")
  func over() async throws {
    let web = Self.server(lifetime: 60)
    let tokens = try tokens(web)
    _ = try await tokens.token()
    clock.advance(by: .seconds(61))
    #expect(try await tokens.token() == "t2")
  }

  @Test("One that was refused is forgotten; another that took its place is not")
  func dropped() async throws {
    let web = Self.server()
    let tokens = try tokens(web)
    _ = try await tokens.token()
    tokens.drop("t1")
    #expect(try await tokens.token() == "t2")
    tokens.drop("t1")
    #expect(try await tokens.token() == "t2")
  }

  @Test("A refusal is for an operator, and not asked about again for a while")
  func refused() async throws {
    let web = Self.server()
    web.script("/token", [.success(WebAnswer(status: 400, body: Array(#"{"error":"invalid_grant"}"#.utf8)))])
    let tokens = try tokens(web)
    for _ in 0..<3 {
      let fault = await #expect(throws: OAuthTokens.Fault.self) { try await tokens.token() }
      #expect(fault?.answer.reason == .unauthorized)
      #expect(fault?.answer.detail == "the token server: 400 invalid_grant")
    }
    #expect(web.requests.count == 1)
    clock.advance(by: .seconds(2))
    #expect(try await tokens.token() == "t1")
  }

  @Test("While the token server is away the old token is used to its end")
  func away() async throws {
    let web = Self.server()
    let tokens = try tokens(web)
    _ = try await tokens.token()
    web.script("/token", [.failure(WebFault("no route"))])
    clock.advance(by: .seconds(3400))
    #expect(try await tokens.token() == "t1")
    await comes { web.requests.count == 2 }
    #expect(try await tokens.token() == "t1")
  }

  @Test(
    "An answer that is no token is a fault",
    arguments: ["", "{}", #"{"access_token":"a\nb"}"#, #"{"access_token":""}"#])
  func nonsense(body: String) async throws {
    let web = ScriptedWeb { _ in WebAnswer(status: 200, body: Array(body.utf8)) }
    await #expect(throws: OAuthTokens.Fault.self) { try await tokens(web).token() }
  }
}

import Logging
import Pipeline
import Testing

@testable import Stages

@Suite("What a connection's identity rests on outlives a reload, or is taken back by it")
struct AuthReloadTests {
  private let directory: TemporaryDirectory
  private let connection = Connection(
    id: ConnectionID(rawValue: 1), ingress: .webSocket, remoteAddress: "192.0.2.1")
  private let secret: String
  private let first: Auth

  init() async throws {
    directory = try TemporaryDirectory()
    secret = try directory.write(Self.line(ForgedToken.secret))
    first = try await Auth(AuthConfiguration(secretFile: secret), Self.context(after: nil))
    first.activate()
    var event = Event(
      .connect, data: try EventData(json: Array(#"{"token":"\#(ForgedToken.signed())"}"#.utf8)),
      connection: connection)
    #expect(first.authenticate(&event, at: ForgedToken.now) == nil)
  }

  private static func line(_ secret: [UInt8]) -> String { String(decoding: secret, as: UTF8.self) + "\n" }

  private static func context(after predecessor: Auth?) -> StageContext {
    StageContext(
      name: "auth", services: ServiceSet(), logger: Logger(label: "auth") { _ in SwiftLogNoOpLogHandler() },
      clock: EngineClock(monotonic: { 0 }, wall: { ForgedToken.now }), predecessor: predecessor)
  }

  private var isWithdrawn: Bool { connection.identity?.credential?.isWithdrawn == true }

  @Test("A key that is still there confirms what it has confirmed, also beside a newer one")
  func rotation() async throws {
    let both = try directory.write(
      Self.line(Array(repeating: 0x41, count: 32)) + Self.line(ForgedToken.secret))
    let next = try await Auth(AuthConfiguration(secretFile: both), Self.context(after: first))
    next.activate()
    await first.shutDown()
    #expect(!isWithdrawn)
  }

  @Test(
    "A key that is gone takes with it what it has confirmed, when the new chain is in force and not before")
  func removal() async throws {
    let other = try directory.write(Self.line(Array(repeating: 0x41, count: 32)))
    let next = try await Auth(AuthConfiguration(secretFile: other), Self.context(after: first))
    #expect(!isWithdrawn)
    next.activate()
    #expect(isWithdrawn)
    #expect(connection.identity?.endsAt == ForgedToken.now + Credential.grace)
  }

  @Test("Where other things are asked of tokens, all have to be shown anew; a longer leeway asks nothing")
  func policy() async throws {
    let laxer = try await Auth(
      AuthConfiguration(secretFile: secret, leeway: ConfigDuration("1m")), Self.context(after: first))
    laxer.activate()
    #expect(!isWithdrawn)
    let stricter = try await Auth(
      AuthConfiguration(secretFile: secret, issuer: "https://login.example"), Self.context(after: laxer))
    stricter.activate()
    #expect(isWithdrawn)
  }

  @Test("A stage that never came into force takes nothing back when it is ended")
  func givenUp() async throws {
    let next = try await Auth(AuthConfiguration(secretFile: secret), Self.context(after: first))
    await next.shutDown()
    #expect(!isWithdrawn)
  }

  @Test("Where nobody takes over, nothing rests on the keys any longer")
  func switchedOff() async throws {
    await first.shutDown()
    #expect(isWithdrawn)
  }
}

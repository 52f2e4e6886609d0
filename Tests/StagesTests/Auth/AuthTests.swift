import Logging
import Pipeline
import Testing

@testable import Stages

@Suite struct AuthTests {
  private let directory: TemporaryDirectory
  private let auth: Auth
  private let connection = Connection(
    id: ConnectionID(rawValue: 1), ingress: .webSocket, remoteAddress: "192.0.2.1")
  private let now = ForgedToken.now

  init() async throws {
    directory = try TemporaryDirectory()
    let secret = try directory.write(String(decoding: ForgedToken.secret, as: UTF8.self) + "\n")
    auth = try await Auth(AuthConfiguration(secretFile: secret), Self.context())
  }

  private static func context() -> StageContext {
    StageContext(
      name: "auth", services: ServiceSet(), logger: Logger(label: "auth") { _ in SwiftLogNoOpLogHandler() },
      clock: EngineClock(monotonic: { 0 }, wall: { ForgedToken.now }))
  }

  private func event(_ type: EventType, token: String) throws -> Event {
    Event(
      type, data: try EventData(json: Array(#"{"a":1,"token":"\#(token)"}"#.utf8)), connection: connection)
  }

  @Test("It sees every event and gives identity")
  func place() {
    #expect([EventType.connect, .disconnect, .query, .newMessage].allSatisfy(Auth.events.takes))
    #expect(Auth.requirements(AuthConfiguration()) == Requirements(gives: [.identity]))
    #expect(Auth.onError == .reject)
  }

  @Test(
    "A connection has no identity until a token gives it one, and then its events have it too",
    arguments: [
      EventType.connect, .auth, .query,
    ])
  func adopts(type: EventType) throws {
    var early = Event(.ping, connection: connection)
    #expect(auth.authenticate(&early, at: now)?.code == .unauthenticated)
    var first = try event(type, token: ForgedToken.signed())
    #expect(auth.authenticate(&first, at: now) == nil)
    #expect(first.identity?.userID == "ada")
    #expect(connection.identity?.userID == "ada")
    var later = Event(.ping, connection: connection)
    #expect(auth.authenticate(&later, at: now) == nil)
    #expect(later.identity === first.identity)
    var late = Event(.ping, connection: connection)
    #expect(auth.authenticate(&late, at: now + .seconds(3600))?.code == .tokenExpired)
  }

  @Test(
    "No later stage sees a token, accepted or not",
    arguments: [
      ForgedToken.signed(), ForgedToken.signed(secret: []), "",
    ])
  func takesTokenOut(token: String) throws {
    var event = try event(.auth, token: token)
    _ = auth.authenticate(&event, at: now)
    #expect(event.data.kind("token") == nil)
    #expect(event.data.json == Array(#"{"a":1}"#.utf8))
  }

  @Test("A 'token' in other events is theirs")
  func leavesOtherDataAlone() throws {
    connection.identity = Identity(userID: "ada")
    var event = try event("CUSTOM", token: "mine")
    #expect(auth.authenticate(&event, at: now) == nil)
    #expect(event.data.string("token") == "mine")
  }

  @Test("A refused token leaves the connection's identity as it was")
  func keepsIdentity() throws {
    let ada = Identity(userID: "ada")
    connection.identity = ada
    var other = try event(.auth, token: ForgedToken.signed(payload: #"{"sub":"bob","exp":1700003600}"#))
    #expect(auth.authenticate(&other, at: now)?.code == .forbidden)
    var forged = try event(.auth, token: ForgedToken.signed(secret: []))
    #expect(auth.authenticate(&forged, at: now)?.code == .unauthenticated)
    #expect(connection.identity === ada)
  }

  @Test("AUTH takes effect for the events behind it in its batch")
  func orderInBatch() throws {
    var batch = EventBatch([
      Event(.ping, connection: connection), try event(.auth, token: ForgedToken.signed()),
      Event(.ping, connection: connection),
    ])
    auth.process(&batch)
    #expect(batch.indices.map { batch[$0].identity?.userID } == [nil, "ada", "ada"])
  }

  @Test("A missing file of secrets is made once and then used again")
  func makesSecret() async throws {
    let path = directory.file("var/jwt.secret")
    let configuration = AuthConfiguration(secretFile: path)
    _ = try await Auth(configuration, Self.context())
    let made = try SecretFile.read(path).secrets
    let again = try await Auth(configuration, Self.context())
    #expect(try SecretFile.read(path).secrets == made)
    var event = try event(.auth, token: ForgedToken.signed(secret: made[0]))
    #expect(again.authenticate(&event, at: now) == nil)
  }

  @Test("It does not start without a key or with a weak one")
  func refusesToStart() async throws {
    await #expect(throws: StageStartError.self) { try await Auth(AuthConfiguration(), Self.context()) }
    let weak = try directory.write("weak", to: "weak")
    await #expect(throws: KeyFileError.self) {
      try await Auth(AuthConfiguration(secretFile: weak), Self.context())
    }
  }
}

extension Auth {
  /// Gives one event its identity at a moment, or says why it has none.
  func authenticate(_ event: inout Event, at now: Timestamp) -> Rejection? {
    let request = AuthRequest(taking: &event)
    var identity: Result<Identity, TokenFault>?
    if case .text(let token) = request.token, case .settled(let result) = verifier.attempt(token, now: now) {
      identity = result
    }
    guard case .reject(let rejection) = AuthDecision(request, at: now, identity: identity).apply(to: &event)
    else {
      return nil
    }
    return rejection
  }
}

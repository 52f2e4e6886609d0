import Pipeline
import Testing

@testable import Stages

@Suite struct AuthDecisionTests {
  private static let now = ForgedToken.now
  private static let ada = Identity(userID: "ada", expiresAt: now + .seconds(60))
  private static let expired = Identity(userID: "ada", expiresAt: now)
  private static let bob = Identity(userID: "bob")

  /// What a decision comes to, in a form that compares.
  private enum Outcome: Equatable {
    case pass(String?)
    case adopt(String)
    case reject(ErrorCode)
  }

  /// Decides where `"ada"`, `"bob"` and `"late"` are the tokens of two users and an expired one.
  private func outcome(
    _ type: EventType, _ token: AuthRequest.Token = .absent, held: Identity? = nil,
    by ingress: Ingress = .webSocket
  ) -> Outcome {
    let request = AuthRequest(type: type, ingress: ingress, token: token, held: held)
    var identity: Result<Identity, TokenFault>?
    if case .text(let token) = token {
      identity =
        switch token {
        case "ada": .success(Self.ada)
        case "bob": .success(Self.bob)
        case "late": .failure(.expired)
        default: .failure(.signature)
        }
    }
    let decision = AuthDecision(request, at: Self.now, identity: identity)
    switch decision {
    case .pass(let identity): return .pass(identity?.userID)
    case .adopt(let identity): return .adopt(identity.userID)
    case .reject(let rejection): return .reject(rejection.code)
    }
  }

  @Test(
    "A good token in CONNECT, QUERY or AUTH becomes the identity",
    arguments: [
      EventType.connect, .query, .auth,
    ], [Ingress.webSocket, .http, .local])
  func goodToken(type: EventType, ingress: Ingress) {
    #expect(outcome(type, .text("ada"), by: ingress) == .adopt("ada"))
    #expect(outcome(type, .text("ada"), held: Self.expired, by: ingress) == .adopt("ada"))
  }

  @Test(
    "A bad token in CONNECT, QUERY or AUTH is refused, an empty one too, whoever is held",
    arguments: [
      EventType.connect, .query, .auth,
    ])
  func badToken(type: EventType) {
    for held in [nil, Self.ada, Self.bob] {
      #expect(outcome(type, .text("forged"), held: held) == .reject(.unauthenticated))
      #expect(outcome(type, .text(""), held: held) == .reject(.unauthenticated))
      #expect(outcome(type, .text("late"), held: held) == .reject(.tokenExpired))
    }
  }

  @Test("A token that is no text is refused")
  func unreadableToken() {
    #expect(outcome(.connect, .unreadable) == .reject(.unauthenticated))
    #expect(outcome(.query, .unreadable, held: Self.ada) == .reject(.unauthenticated))
    #expect(outcome(.auth, .unreadable) == .reject(.invalidEvent))
    #expect(outcome(.auth, .absent, held: Self.ada) == .reject(.invalidEvent))
  }

  @Test("CONNECT without a token waits for AUTH, except over HTTP")
  func connectWithoutToken() {
    #expect(outcome(.connect) == .pass(nil))
    #expect(outcome(.connect, by: .local) == .pass(nil))
    #expect(outcome(.connect, by: .http) == .reject(.unauthenticated))
  }

  @Test("AUTH renews a user's identity, and never makes one user another")
  func renewal() {
    #expect(outcome(.auth, .text("ada"), held: Self.ada) == .adopt("ada"))
    #expect(outcome(.auth, .text("bob"), held: Self.ada) == .reject(.forbidden))
    #expect(outcome(.auth, .text("bob"), held: Self.expired) == .reject(.forbidden))
  }

  @Test(
    "Other events are their connection's, as long as its identity holds",
    arguments: [
      EventType.newMessage, .messageRead, .sync, .ping, .query, "CUSTOM",
    ])
  func otherEvents(type: EventType) {
    #expect(outcome(type, held: Self.ada) == .pass("ada"))
    #expect(outcome(type, held: Self.bob) == .pass("bob"))
    #expect(outcome(type, held: Self.expired) == .reject(.tokenExpired))
    #expect(outcome(type) == .reject(.unauthenticated))
    #expect(outcome(type, by: .http) == .reject(.unauthenticated))
  }

  @Test("DISCONNECT always goes on, with whoever is held")
  func disconnect() {
    #expect(outcome(.disconnect) == .pass(nil))
    #expect(outcome(.disconnect, by: .http) == .pass(nil))
    #expect(outcome(.disconnect, held: Self.expired) == .pass("ada"))
  }
}

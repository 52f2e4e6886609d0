import Pipeline

/// What the auth stage knows of an event: all that its decision depends on.
struct AuthRequest {
  /// The token that came with it.
  enum Token: Equatable {
    /// None.
    case absent
    /// Something that is no text.
    case unreadable
    /// A text, maybe an empty one.
    case text(String)
  }

  /// What the event is.
  var type: EventType
  /// How it came in.
  var ingress: Ingress
  /// The token of a type that carries one; of others it is not looked at.
  var token: Token = .absent
  /// Who the connection is known to belong to.
  var held: Identity?
}

/// What becomes of an event that the auth stage looked at.
enum AuthDecision {
  /// It goes on as this identity, or as nobody's.
  case pass(Identity?)
  /// It goes on as this identity, and so do the connection's later events.
  case adopt(Identity)
  /// It is not taken.
  case reject(Rejection)

  /// Decides on a request, given what its token stands for.
  ///
  /// - Parameter identity: What verifying the token has come to; `nil` where there is no text to verify.
  init(_ request: AuthRequest, at now: Timestamp, identity: Result<Identity, TokenFault>?) {
    switch request.type {
    case .disconnect: self = .pass(request.held)
    case .auth: self = Self.renewal(request, identity)
    case .connect, .query:
      if let identity {
        self = Self.adoption(identity)
      } else if request.token == .unreadable {
        self = .reject(TokenFault.malformed("it is no text").rejection)
      } else {
        let mayAuthenticateLater =
          request.type == .connect && request.ingress != .http && request.held == nil
        self = mayAuthenticateLater ? .pass(nil) : Self.continuation(request, at: now)
      }
    default: self = Self.continuation(request, at: now)
    }
  }

  /// `AUTH`: the first token of a connection, or a new one for the same user.
  private static func renewal(_ request: AuthRequest, _ identity: Result<Identity, TokenFault>?)
    -> AuthDecision
  {
    guard let identity else {
      return .reject(Rejection(.invalidEvent, "'token' of AUTH is not a string"))
    }
    let decision = adoption(identity)
    if case .adopt(let identity) = decision, let held = request.held, held.userID != identity.userID {
      return .reject(Rejection(.forbidden, "the connection belongs to another user"))
    }
    return decision
  }

  private static func adoption(_ identity: Result<Identity, TokenFault>) -> AuthDecision {
    switch identity {
    case .success(let identity): .adopt(identity)
    case .failure(let fault): .reject(fault.rejection)
    }
  }

  /// An event that lives on what the connection has shown before.
  private static func continuation(_ request: AuthRequest, at now: Timestamp) -> AuthDecision {
    guard let held = request.held else {
      let advice = request.ingress == .http ? "send 'Authorization: Bearer' with a token" : "send AUTH first"
      return .reject(Rejection(.unauthenticated, "nobody is known here: \(advice)"))
    }
    guard held.isValid(at: now) else { return .reject(TokenFault.expired.rejection) }
    return .pass(held)
  }
}

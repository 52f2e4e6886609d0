import Pipeline
import Services

/// Answers what only asks, `SYNC` and the reads over HTTP, and carries out the calls over HTTP that are no events. Last
/// in the chain, so that a reader sees what the same connection has sent before; one task a question, so that a long
/// one holds up nobody else.
struct Read: AsyncStage {
  static let name = "read"
  static let events: EventFilter = .only(.sync, .query)
  static let timeout = Duration.seconds(30)

  let questions: Questions
  let commands: Commands
  /// What a token must be good for to call in the name of one's own backend.
  let backendScope: String

  init(questions: Questions, commands: Commands, backendScope: String) {
    self.questions = questions
    self.commands = commands
    self.backendScope = backendScope
  }

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    throw StageStartError("stage 'read' is the daemon's own")
  }

  func process(_ event: inout Event) async throws -> Verdict {
    guard let identity = event.identity else {
      return .reject(.unauthenticated, "nobody is known to ask")
    }
    if event.type == .sync {
      event.answer(try await questions.sync(event.data, identity.userID))
    } else if let answer = try await answer(event.data, identity) {
      event.answer(answer)
    }
    return .continue
  }

  private func answer(_ data: EventData, _ identity: Identity) async throws -> OutgoingEvent? {
    let user = identity.userID
    guard let call = data.string("query").flatMap(Call.init(rawValue:)) else {
      throw Rejection(.notFound, "there is no such call")
    }
    if call.isForBackends, !identity.scopes.contains(backendScope) {
      throw Rejection(.forbidden, "this takes a token with the scope '\(backendScope)'")
    }
    switch call {
    case .authenticate, .authenticateBackend: return nil
    case .sync: return try await questions.sync(data, user)
    case .conversations: return try await questions.conversations(data, user)
    case .history: return try await questions.history(data, user)
    case .search: return try await questions.search(data, user)
    case .presence: return try await questions.presence(data, user)
    case .links: return try await questions.links(user)
    case .profile: return try await questions.profile(identity)
    case .requestLink: return try await commands.link(.request, data, user)
    case .acceptLink: return try await commands.link(.accept, data, user)
    case .block: return try await commands.link(.block, data, user)
    case .removeLink: return try await commands.link(.remove, data, user)
    case .addDevice: return try await commands.addDevice(data, user)
    case .removeDevices: return try await commands.removeDevices(data, user)
    case .rename: return try await commands.rename(data, user)
    case .disconnectUser: return try commands.disconnect(data)
    case .revokeTokens: return try await commands.revoke(data)
    case .eraseUser: return try await commands.erase(data)
    }
  }
}

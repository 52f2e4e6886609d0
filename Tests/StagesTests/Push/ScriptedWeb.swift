import Services
import Synchronization

@testable import Stages

/// Other servers, as the test has them answer.
final class ScriptedWeb: WebSender {
  private struct State {
    var requests: [WebPost] = []
    var answers: [String: [Result<WebAnswer, any Error>]] = [:]
    var usual: @Sendable (WebPost) async throws -> WebAnswer
  }

  private let state: Mutex<State>

  init(_ usual: @escaping @Sendable (WebPost) async throws -> WebAnswer = { _ in WebAnswer(status: 200) }) {
    state = Mutex(State(usual: usual))
  }

  /// What was asked for so far.
  var requests: [WebPost] { state.withLock(\.requests) }

  /// The requests whose address ends so.
  func requests(to end: String) -> [WebPost] { requests.filter { $0.address.hasSuffix(end) } }

  /// Has the next requests to addresses that end so answered like this.
  func script(_ end: String, _ answers: [Result<WebAnswer, any Error>]) {
    state.withLock { $0.answers[end, default: []] += answers }
  }

  func post(_ request: WebPost) async throws -> WebAnswer {
    let (scripted, usual) = state.withLock {
      state -> (Result<WebAnswer, any Error>?, @Sendable (WebPost) async throws -> WebAnswer) in
      state.requests.append(request)
      for (end, answers) in state.answers where request.address.hasSuffix(end) && !answers.isEmpty {
        state.answers[end]?.removeFirst()
        return (answers[0], state.usual)
      }
      return (nil, state.usual)
    }
    if let scripted { return try scripted.get() }
    return try await usual(request)
  }
}

public import Services
import Synchronization

/// Other servers, as the test wants them: what they answer, or that they never do.
public final class ManualWeb: WebFetcher {
  /// What a server does with an address.
  public typealias Server = @Sendable (String) async throws -> WebResponse

  /// What answers; `nil` of servers that never do.
  private let server = Mutex<Server?> { _ in throw WebFault("nobody answers here") }
  private let asked = Mutex<[String]>([])

  /// A web where nobody answers.
  public init() {}

  /// Has all addresses answered by `server` from now on.
  public func answer(_ server: @escaping Server) { self.server.withLock { $0 = server } }

  /// Has every address keep whoever asks waiting from now on, until their time is up or they are cancelled.
  public func hang() { server.withLock { $0 = nil } }

  /// What has been fetched so far.
  public var addresses: [String] { asked.withLock { $0 } }

  /// Asks the server that the test has set up.
  public func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse {
    asked.withLock { $0.append(address) }
    guard let server = server.withLock({ $0 }) else {
      try await Task.sleep(for: timeout)
      throw WebFault("nobody has answered in time")
    }
    let response = try await server(address)
    guard response.body.count <= limit else { throw WebFault("the answer is larger than \(limit) bytes") }
    return response
  }
}

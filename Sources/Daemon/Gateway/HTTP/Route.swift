import NIOHTTP1
import Pipeline

/// What stands at an address of the HTTP API.
struct Route: Sendable {
  /// How the request becomes an event.
  enum Target: Sendable {
    /// A WebSocket opens.
    case socket
    /// The body is an event.
    case event
    /// The body is an event in the name of a user, sent by one's own backend.
    case backendEvent
    /// A `QUERY`.
    case call(Call)
  }

  let method: HTTPMethod
  /// The parts of the path; one in braces stands for anything, under that name.
  let path: [String]
  let target: Target
  /// The parameters of the query that count.
  let parameters: [String]
  /// Whether a body is read: a JSON object.
  let takesBody: Bool

  init(
    _ method: HTTPMethod, _ path: String, _ target: Target, parameters: [String] = [],
    takesBody: Bool = false
  ) {
    self.method = method
    self.path = path.split(separator: "/").map(String.init)
    self.target = target
    self.parameters = parameters
    self.takesBody = takesBody
  }

  /// The whole API (`docs/openapi.yaml`).
  static let all = [
    Route(.GET, "/ws", .socket),
    Route(.POST, "/events", .event, takesBody: true),
    Route(.GET, "/messages/sync", .call(.sync), parameters: ["cursor", "lastMessageTimestamp", "limit"]),
    Route(.GET, "/messages/search", .call(.search), parameters: ["q", "with", "limit"]),
    Route(.GET, "/conversations", .call(.conversations), parameters: ["cursor", "limit"]),
    Route(
      .GET, "/conversations/{userId}/messages", .call(.history), parameters: ["before", "limit"]),
    Route(.GET, "/presence", .call(.presence), parameters: ["ids"]),
    Route(.POST, "/users/fcm/register", .call(.addDevice), takesBody: true),
    Route(.POST, "/users/fcm/unregister", .call(.removeDevices), takesBody: true),
    Route(.GET, "/users/me", .call(.profile)),
    Route(.PATCH, "/users/me", .call(.rename), takesBody: true),
    Route(.GET, "/connections", .call(.links)),
    Route(.POST, "/connections", .call(.requestLink), takesBody: true),
    Route(.POST, "/connections/{userId}/accept", .call(.acceptLink)),
    Route(.POST, "/connections/{userId}/block", .call(.block)),
    Route(.DELETE, "/connections/{userId}", .call(.removeLink)),
    Route(.POST, "/server/events", .backendEvent, takesBody: true),
    Route(.POST, "/server/users/{userId}/disconnect", .call(.disconnectUser)),
    Route(.POST, "/server/users/{userId}/revoke", .call(.revokeTokens), takesBody: true),
    Route(.DELETE, "/server/users/{userId}", .call(.eraseUser)),
  ]

  /// What a request finds.
  enum Match {
    case found(Route, path: [(name: String, value: String)])
    /// The address is there, for other methods.
    case wrongMethod(allowed: [HTTPMethod])
    case nothing
  }

  /// Looks up a path, whose parts are percent-decoded.
  static func find(_ method: HTTPMethod, _ parts: [String]) -> Match {
    var allowed: [HTTPMethod] = []
    for route in all {
      guard let values = route.values(in: parts) else { continue }
      if route.method == method { return .found(route, path: values) }
      allowed.append(route.method)
    }
    return allowed.isEmpty ? .nothing : .wrongMethod(allowed: allowed)
  }

  private func values(in parts: [String]) -> [(name: String, value: String)]? {
    guard parts.count == path.count else { return nil }
    var values: [(name: String, value: String)] = []
    for (pattern, part) in zip(path, parts) {
      if pattern.hasPrefix("{") {
        values.append((String(pattern.dropFirst().dropLast()), part))
      } else if pattern != part {
        return nil
      }
    }
    return values
  }
}

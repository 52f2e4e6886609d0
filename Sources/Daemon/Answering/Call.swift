/// A call over HTTP that is no client event: what `query` of a `QUERY` event says.
enum Call: String, CaseIterable {
  case authenticate
  case sync
  case conversations
  case history
  case search
  case presence
  case links = "connections"
  case requestLink = "connections.request"
  case acceptLink = "connections.accept"
  case block = "connections.block"
  case removeLink = "connections.remove"
  case addDevice = "devices.add"
  case removeDevices = "devices.remove"
  case profile
  case rename = "profile.rename"
  case authenticateBackend = "server.authenticate"
  case disconnectUser = "server.disconnect"
  case revokeTokens = "server.revoke"
  case eraseUser = "server.erase"

  /// Whether it is for one's own backend alone.
  var isForBackends: Bool {
    switch self {
    case .authenticateBackend, .disconnectUser, .revokeTokens, .eraseUser: true
    default: false
    }
  }

  /// Whether it changes something, so that a rate limit counts it.
  var changes: Bool {
    switch self {
    case .requestLink, .acceptLink, .block, .removeLink, .addDevice, .removeDevices, .rename: true
    default: false
    }
  }
}

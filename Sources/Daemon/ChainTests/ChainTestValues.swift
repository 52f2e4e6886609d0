import Pipeline

// The values that only files of chain tests hold.

/// A moment: `2026-01-31T12:00:00Z`.
struct TestMoment: ConfigurationText {
  let timestamp: Timestamp

  static let form = "a moment such as 2026-01-31T12:00:00Z"
  static let placeholder = ChainTest.usualTime

  init(timestamp: Timestamp) { self.timestamp = timestamp }

  init?(_ text: String) {
    // Ids of messages count from the beginning of 2024.
    guard let timestamp = Timestamp(rfc3339: text), timestamp.milliseconds >= 1_704_067_200_000 else {
      return nil
    }
    self.timestamp = timestamp
  }
}

/// An address of a client.
struct TestAddress: ConfigurationText, Hashable {
  let text: String

  static let form = "an address such as 192.0.2.7"
  static let placeholder = TestAddress(address: "127.0.0.1")

  private init(address: String) { text = address }

  init?(_ text: String) {
    guard let address = IPAddress(text) else { return nil }
    self.text = address.description
  }
}

/// The ways in.
enum TestIngress: String, Decodable, Sendable, CaseIterable {
  case websocket, http

  var ingress: Ingress { self == .http ? .http : .webSocket }
}

/// A token: as it is written, or by what it is to say.
enum TestToken: Decodable, Sendable, Hashable {
  case text(String)
  case claims(Claims)

  /// What a token says that the test has signed with a secret that the chain trusts.
  struct Claims: Decodable, Sendable, Hashable {
    var sub: String
    var name: String?
    var iss: String?
    var aud: String?
    var scope: [String]?
    var ttl: TestLifetime?
  }

  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self = .text(text)
    } else {
      self = .claims(try Claims(from: decoder))
    }
  }
}

/// How long a token lives.
struct TestLifetime: ConfigurationText, Hashable {
  /// `nil` where it has no end.
  let duration: Duration?

  static let form = "a duration such as 10m, or never"
  static let placeholder = TestLifetime(lasting: .seconds(3600))

  private init(lasting duration: Duration?) { self.duration = duration }

  init?(_ text: String) {
    if text == "never" {
      duration = nil
    } else if let duration = ConfigDuration(text)?.duration {
      self.duration = duration
    } else {
      return nil
    }
  }
}

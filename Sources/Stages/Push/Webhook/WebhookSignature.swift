import Pipeline

/// Signatures by which a webhook's receiver knows who has sent it, and when, as the Standard Webhooks specification has
/// them: an HMAC with SHA-256 of the id, the time and the body.
struct WebhookSignature: Sendable {
  private let keys: [HMACKey]

  /// Signs with each of the secrets of a file, so that a rotation need cut nobody off. A secret that begins with
  /// `whsec_` is Base64, any other is its own bytes.
  init(_ secrets: [[UInt8]]) {
    keys = secrets.map { HMACKey(secret: Self.key(of: $0)) }
  }

  /// The header fields of a body.
  func headers(id: String, at moment: Timestamp, _ body: [UInt8]) -> [(name: String, value: String)] {
    let seconds = moment.milliseconds / 1000
    let signed = Array("\(id).\(seconds).".utf8) + body
    let signatures = keys.compactMap { $0.sign(signed[...], by: .hs256) }.map { "v1," + Self.base64($0) }
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
      ("webhook-signature", signatures.joined(separator: " ")),
    ]
  }

  private static func key(of secret: [UInt8]) -> [UInt8] {
    let prefix = Array("whsec_".utf8)
    guard secret.starts(with: prefix) else { return secret }
    let text = secret.dropFirst(prefix.count).filter { $0 != UInt8(ascii: "=") }
    let translated = text.map { byte in
      switch byte {
      case UInt8(ascii: "+"): UInt8(ascii: "-")
      case UInt8(ascii: "/"): UInt8(ascii: "_")
      default: byte
      }
    }
    return Base64URL.decode(translated[...]) ?? secret
  }

  /// Base64 with padding (RFC 4648 section 4).
  static func base64(_ bytes: [UInt8]) -> String {
    let text = Base64URL.encode(bytes).map { character -> Character in
      switch character {
      case "-": "+"
      case "_": "/"
      default: character
      }
    }
    return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
  }
}

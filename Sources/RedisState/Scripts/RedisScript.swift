/// A script that the server runs in one atomic step. Each connection loads all of them as it opens; they are called by
/// their digests from then on, and by their text where the server has forgotten them.
struct RedisScript: Sendable {
  let text: String
  let digest: String

  init(_ text: String) {
    self.text = text
    digest = SHA1.hexadecimal(text)
  }

  /// All there are.
  static let all = [limit, arrive, depart, lapse, restore, beat, claim, resign]
}

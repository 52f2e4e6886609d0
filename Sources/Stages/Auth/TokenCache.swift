import COpenSSL
import Pipeline

/// Identities of verified tokens, by the SHA-256 of the token: at most so many, of which the oldest goes first.
///
/// Only what was verified is kept, so that nobody without a valid token can push others out; and only a hash, so that
/// no token stays in memory.
struct TokenCache: Sendable {
  /// The SHA-256 of a token.
  struct Key: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The hash of a token.
    init(token: String) {
      var token = token
      var hash: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
      token.withUTF8 { bytes in
        withUnsafeMutableBytes(of: &hash) { hash in
          _ = SHA256(bytes.baseAddress, bytes.count, hash.bindMemory(to: UInt8.self).baseAddress)
        }
      }
      words = hash
    }

    static func == (one: Key, other: Key) -> Bool { one.words == other.words }

    /// One word will do: the bits of a hash are as good as random.
    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
  }

  private let capacity: Int
  private var identities: [Key: Identity] = [:]
  /// The keys in the order in which they came, a ring once there are as many as are kept.
  private var order: [Key] = []
  private var oldest = 0

  /// An empty cache of at least one place.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
    // Room that is not used yet takes no memory; what grows takes up to twice what it needs.
    order.reserveCapacity(self.capacity)
  }

  /// How many identities are kept.
  var count: Int { identities.count }

  /// What was kept for a token.
  subscript(key: Key) -> Identity? { identities[key] }

  /// Keeps what was verified, in the place of what was kept for the same token.
  mutating func insert(_ identity: Identity, for key: Key) {
    guard identities.updateValue(identity, forKey: key) == nil else { return }
    if order.count < capacity {
      order.append(key)
    } else {
      identities[order[oldest]] = nil
      order[oldest] = key
      oldest = (oldest + 1) % capacity
    }
  }
}

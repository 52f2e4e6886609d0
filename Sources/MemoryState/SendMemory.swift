import Services

/// The sends of the last while, dropped in the order in which they came.
struct SendMemory {
  private struct Entry {
    let message: SentMessage
    let expires: UInt64
  }

  private var entries: [SendKey: Entry] = [:]
  private var order: [(key: SendKey, expires: UInt64)] = []
  private var first = 0
  private let limit: Int

  /// - Parameter limit: How many sends are kept; beyond, the oldest goes.
  init(limit: Int) { self.limit = limit }

  var count: Int { entries.count }

  func recall(_ key: SendKey, at now: UInt64) -> SentMessage? {
    guard let entry = entries[key], entry.expires > now else { return nil }
    return entry.message
  }

  mutating func remember(_ key: SendKey, _ message: SentMessage, until expires: UInt64, at now: UInt64) {
    entries[key] = Entry(message: message, expires: expires)
    order.append((key, expires))
    while first < order.count, order[first].expires <= now || order.count - first > limit {
      let oldest = order[first]
      // A key that was remembered again since has a later entry of its own.
      if let place = entries.index(forKey: oldest.key), entries[place].value.expires == oldest.expires {
        entries.remove(at: place)
      }
      first += 1
    }
    if first > 4096, first * 2 > order.count {
      order.removeFirst(first)
      first = 0
    }
  }
}

/// Which server owns which slots of a cluster.
struct SlotMap: Equatable, Sendable {
  private var owners: [RedisURL.Endpoint?] = Array(repeating: nil, count: HashSlot.count)

  /// Nothing is known.
  init() {}

  /// Reads the answer to `CLUSTER SLOTS`; `nil` where it is none.
  ///
  /// - Parameter host: Whom it was asked of, for servers that do not say how they are called.
  init?(_ reply: RESPValue, from host: String) {
    guard case .array(let ranges) = reply else { return nil }
    for range in ranges {
      let parts = range.elements
      guard parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
        (0..<HashSlot.count).contains(Int(first)), (Int(first)..<HashSlot.count).contains(Int(last)),
        let port = parts[2].elements.dropFirst().first?.integer
      else { return nil }
      let name = parts[2].elements.first?.text ?? ""
      let owner = RedisURL.Endpoint(host: name.isEmpty || name == "?" ? host : name, port: Int(port))
      for slot in Int(first)...Int(last) { owners[slot] = owner }
    }
  }

  /// The servers that own any.
  var servers: Set<RedisURL.Endpoint> { Set(owners.lazy.compactMap { $0 }) }

  /// Whether every slot has an owner.
  var isWhole: Bool { owners.allSatisfy { $0 != nil } }

  subscript(slot: Int) -> RedisURL.Endpoint? {
    get { owners[slot] }
    set { owners[slot] = newValue }
  }
}

/// Where a server of a cluster sends a command that it does not take itself.
struct Redirection: Equatable {
  let slot: Int
  let server: RedisURL.Endpoint
  /// Whether this command alone goes there, because the slot is about to move.
  let isOnce: Bool

  /// Reads an error: `MOVED 3999 host:port` or `ASK 3999 host:port`.
  ///
  /// - Parameter host: Who said so, for servers that do not say how they are called.
  init?(_ error: String, from host: String) {
    let words = error.split(separator: " ")
    guard words.count >= 3, words[0] == "MOVED" || words[0] == "ASK", let slot = Int(words[1]),
      (0..<HashSlot.count).contains(slot), let colon = words[2].lastIndex(of: ":"),
      let port = Int(words[2][words[2].index(after: colon)...])
    else { return nil }
    let name = String(words[2][..<colon])
    self.slot = slot
    server = RedisURL.Endpoint(host: name.isEmpty ? host : name, port: port)
    isOnce = words[0] == "ASK"
  }
}

extension RedisURL {
  /// Reads a URL.
  ///
  /// - Throws: a ``RedisError`` that says what is wrong with it, without the password.
  public init(_ text: String) throws(RedisError) {
    guard let mark = text.firstRange(of: "://") else {
      throw RedisError("a Redis URL begins with redis:// or rediss://", isLasting: true)
    }
    var rest = text[mark.upperBound...]
    var options: Substring = ""
    if let question = rest.lastIndex(of: "?") {
      options = rest[rest.index(after: question)...]
      rest = rest[..<question]
    }
    var entry: Substring?
    if let at = rest.lastIndex(of: "@") {
      entry = rest[..<at]
      rest = rest[rest.index(after: at)...]
    }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
    let hosts = parts.first ?? ""
    let path = parts.dropFirst().filter { !$0.isEmpty }
    let kind = try Self.kind(of: text[..<mark.lowerBound])
    topology = try Self.topology(kind.name, hosts, path)
    isEncrypted = kind.isEncrypted
    if let entry { (user, password) = try Self.credentials(entry) }
    database = try Self.database(kind.name, path)
    authorityFile = try Self.authorityFile(options, isEncrypted: isEncrypted)
  }

  private static func kind(of scheme: Substring) throws(RedisError) -> (name: Substring, isEncrypted: Bool) {
    let parts = scheme.split(separator: "+", omittingEmptySubsequences: false)
    let name = parts.count == 2 ? parts[1] : ""
    guard let first = parts.first, first == "redis" || first == "rediss", parts.count <= 2,
      parts.count == 1 || name == "sentinel" || name == "cluster"
    else {
      throw RedisError(
        "'\(scheme)' is no scheme of a Redis URL: redis, rediss, redis+sentinel, redis+cluster",
        isLasting: true)
    }
    return (name, first == "rediss")
  }

  private static func topology(
    _ kind: Substring, _ hosts: Substring, _ path: [Substring]
  ) throws(RedisError) -> Topology {
    let port = kind == "sentinel" ? 26_379 : 6379
    var endpoints: [Endpoint] = []
    for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
      endpoints.append(try endpoint(host, port))
    }
    if kind.isEmpty {
      guard endpoints.count == 1 else {
        throw RedisError("several hosts need redis+sentinel:// or redis+cluster://", isLasting: true)
      }
      return .single(endpoints[0])
    }
    if kind == "cluster" { return .cluster(endpoints) }
    guard let master = path.first else {
      throw RedisError("a Sentinel URL names its master: redis+sentinel://host:port/NAME", isLasting: true)
    }
    return .sentinel(endpoints, master: String(master))
  }

  private static func endpoint(_ text: Substring, _ port: Int) throws(RedisError) -> Endpoint {
    var (host, number) = (text, Substring(String(port)))
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      if !rest.isEmpty { number = rest.first == ":" ? rest.dropFirst() : "?" }
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      number = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { throw RedisError("a Redis URL names a host", isLasting: true) }
    guard let port = Int(number), (1...65_535).contains(port) else {
      throw RedisError("'\(number)' is no port of a Redis URL", isLasting: true)
    }
    return Endpoint(host: String(host), port: port)
  }

  private static func database(_ kind: Substring, _ path: [Substring]) throws(RedisError) -> Int {
    let texts = kind == "sentinel" ? Array(path.dropFirst()) : path
    guard let text = texts.first else { return 0 }
    guard kind != "cluster" else { throw RedisError("a Redis cluster has one database", isLasting: true) }
    guard texts.count == 1, let number = Int(text), (0...65_535).contains(number) else {
      throw RedisError(
        "'\(texts.joined(separator: "/"))' is no number of a Redis database", isLasting: true)
    }
    return number
  }

  private static func credentials(
    _ entry: Substring
  ) throws(RedisError) -> (user: String?, password: String?) {
    guard let colon = entry.firstIndex(of: ":") else {
      throw RedisError(
        "a Redis URL has its password after a colon: redis://:PASSWORD@host", isLasting: true)
    }
    guard let user = percentDecoded(entry[..<colon]),
      let password = percentDecoded(entry[entry.index(after: colon)...])
    else { throw RedisError("the user or password of a Redis URL is not percent-encoded", isLasting: true) }
    return (user.isEmpty ? nil : user, password)
  }

  private static func authorityFile(
    _ options: Substring, isEncrypted: Bool
  ) throws(RedisError) -> String? {
    var file: String?
    for option in options.split(separator: "&") {
      guard option.hasPrefix("ca="), option.count > 3 else {
        throw RedisError("'\(option.prefix { $0 != "=" })' is no option of a Redis URL: ca", isLasting: true)
      }
      guard isEncrypted else { throw RedisError("'ca' needs a rediss:// URL", isLasting: true) }
      file = String(option.dropFirst(3))
    }
    return file
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

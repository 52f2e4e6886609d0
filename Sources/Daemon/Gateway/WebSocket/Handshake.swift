import COpenSSL

/// Decides on a client's wish to open a WebSocket (RFC 6455, section 4.2).
struct Handshake: Equatable {
  /// What a request says, whatever library has parsed it.
  struct Request {
    var method: String
    var target: String
    var headers: [(name: String, value: String)]

    /// The values of a header, in order.
    ///
    /// - Parameter name: In lower case, as all names here.
    func values(_ name: String) -> [String] {
      headers.lazy.filter { $0.name.hasLetters(of: name) }.map { $0.value }
    }

    /// The items of a header that is a list.
    func list(_ name: String) -> [String] {
      values(name).flatMap { $0.utf8.split(separator: UInt8(ascii: ",")) }
        .map { String(Substring($0).trimmed) }
    }
  }

  /// Why there is no WebSocket: the HTTP status, and what to say.
  struct Refusal: Error, Equatable {
    let status: Int
    let message: String
  }

  /// What `Sec-WebSocket-Accept` says.
  let accept: String
  /// The subprotocol that was picked.
  let subprotocol: String?
  /// How messages are packed, where both sides want that.
  let deflate: PerMessageDeflate?
  /// The token, where the request has one; it may be empty.
  let token: String?

  /// - Parameters:
  ///   - origins: The origins that may connect from a browser besides the daemon's own.
  ///   - compresses: Whether messages may be packed.
  init(_ request: Request, origins: [String], compresses: Bool = false) throws(Refusal) {
    guard request.method == "GET" else { throw Refusal(status: 405, message: "a WebSocket is opened by GET") }
    guard request.list("upgrade").contains(where: { $0.hasLetters(of: "websocket") }),
      request.list("connection").contains(where: { $0.hasLetters(of: "upgrade") })
    else { throw Refusal(status: 426, message: "this address takes WebSockets only") }
    guard request.values("sec-websocket-version") == ["13"] else {
      throw Refusal(status: 426, message: "only version 13 of the WebSocket protocol is spoken here")
    }
    let keys = request.values("sec-websocket-key")
    guard keys.count == 1, let key = keys.first, Self.isKey(key) else {
      throw Refusal(status: 400, message: "Sec-WebSocket-Key must be 16 bytes in base64")
    }
    let hosts = request.values("host")
    guard hosts.count == 1, let host = hosts.first else {
      throw Refusal(status: 400, message: "the request must have one Host")
    }
    let senders = request.values("origin")
    guard senders.count <= 1, OriginPolicy(origins).allows(senders.first, host: host) else {
      throw Refusal(status: 403, message: "this origin may not connect")
    }
    let offered = request.list("sec-websocket-protocol")
    subprotocol = offered.contains("sluice.v1") ? "sluice.v1" : nil
    deflate = compresses ? PerMessageDeflate(offers: request.list("sec-websocket-extensions")) : nil
    accept = Self.accept(key)
    token = try Self.token(request, offered: offered)
  }

  /// The token of a request: from `Authorization`, a subprotocol or the query, the first that has one.
  private static func token(_ request: Request, offered: [String]) throws(Refusal) -> String? {
    if let token = bearer(request) { return token }
    if let pair = offered.first(where: { $0.hasPrefix("bearer.") }) { return String(pair.dropFirst(7)) }
    guard let query = QueryString(target: request.target) else {
      throw Refusal(status: 400, message: "the query is malformed")
    }
    return query["token"]
  }

  /// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
  static func bearer(_ request: Request) -> String? {
    let scheme = "bearer "
    guard let value = request.values("authorization").first,
      Substring(value.utf8.prefix(scheme.utf8.count)).hasLetters(of: scheme)
    else { return nil }
    return String(Substring(value.utf8.dropFirst(scheme.utf8.count)).trimmed)
  }

  /// The response that opens the WebSocket (RFC 6455, section 4.2.2).
  var response: String {
    var response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    response += "Sec-WebSocket-Accept: \(accept)\r\n"
    if let subprotocol { response += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
    if let deflate { response += "Sec-WebSocket-Extensions: \(deflate.response)\r\n" }
    return response + "\r\n"
  }

  private static func isKey(_ key: String) -> Bool {
    let bytes = Array(key.utf8)
    guard bytes.count == 24, bytes[22...] == [0x3D, 0x3D] else { return false }
    return bytes[..<22].allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }

  /// A key for a client's request: 16 random bytes in base64.
  static func newKey() -> String {
    // In one piece, since each that is asked for is a call of the kernel.
    let key = UInt128.random(in: 0...UInt128.max)
    return Base64.encode(withUnsafeBytes(of: key) { Array($0) })
  }

  /// What a server answers to a key: proof that it speaks the protocol (RFC 6455, section 1.3).
  static func accept(_ key: String) -> String {
    let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    SHA1(text, text.count, &digest)
    return Base64.encode(digest)
  }
}

extension StringProtocol {
  /// Whether this is another text, but for the case of letters of ASCII; the other has them in lower case. Nothing is
  /// copied, as by making one of this in lower case.
  fileprivate func hasLetters(of other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    var own = Substring(self)
    var other = other
    return own.withUTF8 { own in
      other.withUTF8 { wanted in
        own.indices.allSatisfy { place in
          own[place] == wanted[place]
            || (0x61...0x7A).contains(wanted[place]) && own[place] == wanted[place] ^ 0x20
        }
      }
    }
  }

  /// The text without spaces and tabs at its ends.
  var trimmed: SubSequence {
    let start = firstIndex { $0 != " " && $0 != "\t" } ?? endIndex
    let end = lastIndex { $0 != " " && $0 != "\t" }.map(index(after:)) ?? start
    return self[start..<end]
  }
}

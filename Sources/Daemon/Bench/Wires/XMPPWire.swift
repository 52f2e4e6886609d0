/// XMPP by a WebSocket (RFC 7395): SASL PLAIN with the token as the password, and chat messages to a user's bare address.
/// The server counts what it has taken by stream management (XEP-0198): its `<a h='…'/>` acknowledges.
struct XMPPWire: BenchWire {
  /// The domain that the server must have.
  static let domain = "localhost"
  private static let framing = "urn:ietf:params:xml:ns:xmpp-framing"
  private static let management = "urn:xmpp:sm:3"

  /// What the client is waiting for.
  private enum State { case features, authentication, boundFeatures, binding, management, running }
  /// What the server has still to count.
  private enum Sent: Equatable {
    case presence
    case message(Int)
    /// It was told already what became of it.
    case refused
  }

  let user: String
  let token: String
  private var state = State.features
  private var sent: [Sent] = []
  /// How many stanzas the server has counted, and how many this client has taken: both begin anew at 2^32.
  private var counted: UInt32 = 0
  private var taken: UInt32 = 0

  init(user: String, token: String) {
    self.user = user
    self.token = token
  }

  var target: String { "/ws" }
  var subprotocol: String? { "xmpp" }

  func open(_ frames: inout ClientFrames) {
    append(#"<open xmlns="\#(Self.framing)" to="\#(Self.domain)" version="1.0"/>"#, &frames)
  }

  /// With a wish to hear what was counted, so that each message's answer comes as early as it can.
  mutating func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    sent.append(.message(number))
    append(
      #"<message xmlns="jabber:client" to="\#(Stanza.escape(receiver))@\#(Self.domain)" type="chat" id="\#(number)">"#
        + "<body>\(Stanza.escape(content))</body></message>", &frames)
    askForCount(&frames)
  }

  mutating func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming]) {
    guard let stanza = Stanza(payload) else { return found.append(.ended("what came is no stanza")) }
    switch (stanza.name, state) {
    case ("close", _): found.append(.ended("the server has closed the stream"))
    case ("error", _), ("failure", _), ("failed", _):
      found.append(.ended("\(stanza.name): \(stanza.child() ?? "no reason given")"))
    case ("features", .features), ("success", .authentication), ("features", .boundFeatures),
      ("iq", .binding), ("enabled", .management):
      advance(stanza, &frames, &found)
    case ("r", .running): append(#"<a xmlns="\#(Self.management)" h="\#(taken)"/>"#, &frames)
    case ("a", .running): count(stanza, &found)
    case ("message", .running):
      taken &+= 1
      take(stanza, &found)
    case ("presence", .running), ("iq", .running): taken &+= 1
    default: break
    }
  }

  /// The steps from an open stream to one that carries messages.
  private mutating func advance(
    _ stanza: Stanza, _ frames: inout ClientFrames, _ found: inout [BenchIncoming]
  ) {
    switch state {
    case .features:
      state = .authentication
      let secret = Base64.encode([0] + Array(user.utf8) + [0] + Array(token.utf8))
      append(#"<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">\#(secret)</auth>"#, &frames)
    case .authentication:
      state = .boundFeatures
      open(&frames)
    case .boundFeatures:
      state = .binding
      append(
        #"<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">"#
          + "<resource>bench</resource></bind></iq>", &frames)
    case .binding:
      guard stanza.attribute("type") == "result" else { return found.append(.ended("no resource is bound")) }
      state = .management
      append(#"<enable xmlns="\#(Self.management)"/>"#, &frames)
    case .management, .running:
      // Nobody's messages come before the presence; once it is counted, they do.
      state = .running
      sent = [.presence]
      append(#"<presence xmlns="jabber:client"/>"#, &frames)
      askForCount(&frames)
    }
  }

  private func askForCount(_ frames: inout ClientFrames) {
    append(#"<r xmlns="\#(Self.management)"/>"#, &frames)
  }

  private mutating func count(_ stanza: Stanza, _ found: inout [BenchIncoming]) {
    guard let value = stanza.attribute("h").flatMap({ UInt32($0) }), Int(value &- counted) <= sent.count
    else {
      return found.append(.ended("the server has counted what was not sent"))
    }
    let count = Int(value &- counted)
    counted = value
    for one in sent.prefix(count) {
      switch one {
      case .presence: found.append(.ready)
      case .message(let number): found.append(.acknowledged(number))
      case .refused: break
      }
    }
    sent.removeFirst(count)
  }

  private mutating func take(_ stanza: Stanza, _ found: inout [BenchIncoming]) {
    guard stanza.attribute("type") == "error" else {
      if let body = stanza.text(of: "body") { found.append(.delivered(content: body, id: nil)) }
      return
    }
    let number = stanza.attribute("id").flatMap { Int($0) }
    if let number, let index = sent.firstIndex(of: .message(number)) { sent[index] = .refused }
    found.append(.refused(number: number, code: stanza.child(of: "error") ?? "error", retryAfterMs: nil))
  }

  private func append(_ text: String, _ frames: inout ClientFrames) { frames.append(Array(text.utf8)) }
}

import Pipeline

/// The protocol of NATS clients, by a WebSocket: messages go into a JetStream stream and are acknowledged by it; they
/// come out by a durable push consumer, one for each user, and are acknowledged to it one by one.
struct NATSWire: BenchWire {
  /// The stream that the server has for `chat.*`.
  static let stream = "chat"

  let user: String
  private let inbox: String
  private let replies: String
  private var unread = FrameStream()
  private var isGreeted = false

  init(user: String) {
    self.user = user
    inbox = "_INBOX.\(user)"
    replies = "_INBOX.\(user).reply."
  }

  var target: String { "/" }
  var isText: Bool { false }

  /// With an id, by which the stream finds out what was sent before.
  func send(_ number: Int, to receiver: String, _ content: String, _ frames: inout ClientFrames) {
    let headers = "NATS/1.0\r\nNats-Msg-Id: \(user)-\(number)\r\n\r\n"
    let length = headers.utf8.count
    append(
      "HPUB \(Self.stream).\(receiver) \(replies)\(number) \(length) \(length + content.utf8.count)\r\n",
      headers + content, &frames)
  }

  mutating func receive(_ payload: [UInt8], _ frames: inout ClientFrames, _ found: inout [BenchIncoming]) {
    var bytes = unread.join(payload)
    while let operation = NATSOperation.take(from: &bytes) {
      switch operation {
      case .info:
        if !isGreeted { greet(&frames) }
        isGreeted = true
      case .ping: append("PONG\r\n", nil, &frames)
      case .message(let message):
        if let incoming = read(message, &frames) { found.append(incoming) }
      case .error(let reason): found.append(.ended(reason))
      case .other: break
      case .broken: return found.append(.ended("what came is not of the NATS protocol"))
      }
    }
    unread.keep(bytes)
  }

  /// Introduces itself, and asks for its consumer. It is durable, as a chat needs it whose users come and go.
  private func greet(_ frames: inout ClientFrames) {
    append(
      #"CONNECT {"verbose":false,"pedantic":false,"lang":"swift","version":"1","protocol":1,"#
        + #""headers":true,"no_responders":true,"name":"\#(user)"}"# + "\r\n"
        + "SUB \(replies)* \(NATSOperation.replies)\r\nSUB \(inbox).deliver \(NATSOperation.deliveries)\r\n",
      nil, &frames)
    let settings =
      #"{"stream_name":"\#(Self.stream)","config":{"durable_name":"\#(user)","deliver_policy":"all","#
      + #""deliver_subject":"\#(inbox).deliver","filter_subject":"\#(Self.stream).\#(user)","#
      + #""ack_policy":"explicit"}}"#
    append(
      "PUB $JS.API.CONSUMER.DURABLE.CREATE.\(Self.stream).\(user) \(replies)consumer \(settings.utf8.count)\r\n",
      settings, &frames)
  }

  private func read(_ message: NATSOperation.Message, _ frames: inout ClientFrames) -> BenchIncoming? {
    if message.subscription == NATSOperation.deliveries {
      guard message.status == nil, let reply = message.reply else { return nil }
      append("PUB \(reply) 4\r\n", "+ACK", &frames)
      return .delivered(content: message.payload, id: nil)
    }
    let answered = message.subject.dropFirst(replies.utf8.count)
    let fault = message.status ?? Self.fault(message.payload)
    if let number = Int(answered) {
      return fault.map { .refused(number: number, code: $0, retryAfterMs: nil) } ?? .acknowledged(number)
    }
    return fault.map { .ended("there is no consumer: \($0)") } ?? .ready
  }

  /// What an answer of JetStream says to be wrong; `nil` where nothing is.
  private static func fault(_ answer: ArraySlice<UInt8>) -> String? {
    guard let data = try? EventData(json: Array(answer)) else { return "the answer is no JSON" }
    guard let error = data.raw("error") else { return nil }
    return (try? EventData(json: Array(error)))?.string("description") ?? "an error without a description"
  }

  /// Adds an operation, with its payload where it has one.
  private func append(_ line: String, _ payload: String?, _ frames: inout ClientFrames) {
    var bytes = Array(line.utf8)
    if let payload {
      bytes.reserveCapacity(bytes.count + payload.utf8.count + 2)
      bytes.append(contentsOf: payload.utf8)
      bytes.append(contentsOf: "\r\n".utf8)
    }
    frames.append(bytes)
  }
}

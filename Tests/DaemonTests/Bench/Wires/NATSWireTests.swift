import Testing

@testable import Daemon

@Suite("What a load's clients speak: NATS")
struct NATSWireTests {
  private let consumer = "MSG _INBOX.ann.reply.consumer 1 2\r\n{}\r\n"

  private func ready() throws -> WireProbe {
    var probe = WireProbe(.nats)
    #expect(probe.receive("INFO {}\r\n\(consumer)") == [.ready])
    _ = try probe.sent()
    return probe
  }

  /// A message of a subscription, as the server writes it.
  private func message(
    _ subject: String, _ subscription: Int, reply: String? = nil, headers: String? = nil, _ payload: String
  ) -> String {
    let words = [subject, String(subscription)] + (reply.map { [$0] } ?? [])
    let body = (headers ?? "") + payload
    guard let headers else { return "MSG \(words.joined(separator: " ")) \(body.utf8.count)\r\n\(body)\r\n" }
    return "HMSG \(words.joined(separator: " ")) \(headers.utf8.count) \(body.utf8.count)\r\n\(body)\r\n"
  }

  @Test("It introduces itself once the server has, and is ready when it has its consumer")
  func opening() throws {
    var probe = WireProbe(.nats)
    probe.open()
    #expect(try probe.sent().isEmpty)
    #expect(probe.receive("INFO {\"headers\":true}\r\n").isEmpty)
    let sent = try probe.sentText()
    #expect(sent.count == 2)
    #expect(sent[0].hasPrefix("CONNECT {"))
    #expect(sent[0].hasSuffix("\r\nSUB _INBOX.ann.reply.* 1\r\nSUB _INBOX.ann.deliver 2\r\n"))
    let settings = sent[1].split(separator: "\r\n")
    #expect(settings.count == 2)
    #expect(
      settings[0]
        == "PUB $JS.API.CONSUMER.DURABLE.CREATE.chat.ann _INBOX.ann.reply.consumer \(settings[1].utf8.count)")
    #expect(settings[1].contains(#""filter_subject":"chat.ann""#))
    #expect(settings[1].contains(#""ack_policy":"explicit""#))
    #expect(probe.receive("INFO {}\r\n").isEmpty)
    #expect(try probe.sent().isEmpty)
    #expect(probe.receive(consumer) == [.ready])
  }

  @Test(
    "Without a stream it is told why",
    arguments: [
      (
        "MSG _INBOX.ann.reply.consumer 1 44\r\n{\"error\":{\"description\":\"stream not found\"}}\r\n",
        "there is no consumer: stream not found"
      ),
      (
        "HMSG _INBOX.ann.reply.consumer 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "there is no consumer: 503"
      ),
      ("-ERR 'Authorization Violation'\r\n", "'Authorization Violation'"),
    ])
  func notReady(text: String, reason: String) {
    var probe = WireProbe(.nats)
    #expect(probe.receive("INFO {}\r\n" + text) == [.ended(reason)])
  }

  @Test("A message goes to its receiver's subject, with an id and where to answer")
  func written() throws {
    var probe = try ready()
    probe.send(12, "hi")
    #expect(
      try probe.sentText() == [
        "HPUB chat.bob _INBOX.ann.reply.12 33 35\r\nNATS/1.0\r\nNats-Msg-Id: ann-12\r\n\r\nhi\r\n"
      ])
  }

  @Test("The stream's answers acknowledge or refuse")
  func answers() throws {
    var probe = try ready()
    let text =
      message("_INBOX.ann.reply.1", 1, #"{"stream":"chat","seq":7}"#)
      + message("_INBOX.ann.reply.2", 1, #"{"error":{"code":503,"description":"no space"},"stream":"chat"}"#)
      + message("_INBOX.ann.reply.3", 1, headers: "NATS/1.0 503\r\n\r\n", "")
      + message("_INBOX.ann.reply.4", 1, "nonsense")
    #expect(
      probe.receive(text) == [
        .acknowledged(1), .refused(number: 2, code: "no space", retryAfterMs: nil),
        .refused(number: 3, code: "503", retryAfterMs: nil),
        .refused(number: 4, code: "the answer is no JSON", retryAfterMs: nil),
      ])
    #expect(try probe.sent().isEmpty)
  }

  @Test("What the consumer brings is acknowledged to it; what it says of itself is not")
  func deliveries() throws {
    var probe = try ready()
    let headers = "NATS/1.0\r\nNats-Msg-Id: bob-1\r\n\r\n"
    let text =
      message("chat.ann", 2, reply: "$JS.ACK.a", headers: headers, "one\r\n")
      + message("chat.ann", 2, reply: "$JS.ACK.b", "two")
      + message("chat.ann", 2, reply: "x", headers: "NATS/1.0 100 Idle Heartbeat\r\n\r\n", "") + "PING\r\n"
    #expect(probe.receive(text) == [.delivered("one\r\n"), .delivered("two")])
    #expect(
      try probe.sentText() == [
        "PUB $JS.ACK.a 4\r\n+ACK\r\n", "PUB $JS.ACK.b 4\r\n+ACK\r\n", "PONG\r\n",
      ])
  }

  @Test("Frames may be cut anywhere")
  func cut() throws {
    let text =
      "+OK\r\n" + message("chat.ann", 2, reply: "r", headers: "NATS/1.0\r\n\r\n", "a\r\nb")
      + message("_INBOX.ann.reply.1", 1, "{}") + "PONG\r\n"
    let made = try ready()
    for found in WireProbe.found(in: Array(text.utf8), by: { made }) {
      #expect(found == [.delivered("a\r\nb"), .acknowledged(1)])
    }
  }

  @Test(
    "What is not of the protocol ends it",
    arguments: [
      "\r\n", "HELLO\r\n", "PING\n", "MSG a 1\r\n", "MSG a b 1\r\n", "MSG a 1 -1\r\n", "MSG a 1 1\r\nabc",
      "HMSG a 1 3 2\r\nab\r\n", "HMSG a 1 2\r\nab\r\n", "MSG a 1 99999999999\r\n",
      String(repeating: "x", count: 70_000),
    ])
  func broken(text: String) throws {
    var probe = try ready()
    #expect(probe.receive(text) == [.ended("what came is not of the NATS protocol")])
  }
}

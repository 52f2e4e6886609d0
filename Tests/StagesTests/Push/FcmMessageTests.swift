import Pipeline
import Testing

@testable import Stages

@Suite("Messages to FCM")
struct FcmMessageTests {
  private func templates(_ configuration: FcmConfiguration = FcmConfiguration()) -> FcmTemplates {
    FcmTemplates(configuration) { Issue.record("\($0): \($1)") }
  }

  private func message(
    _ configuration: FcmConfiguration = FcmConfiguration(), content: String = "Hello!",
    sender: String = "User A"
  ) throws -> JSONValue {
    let values = PushValues(
      sender: sender, senderID: "a", content: content, messageID: "msg_0000000000001", conversation: "a",
      receiverID: "b")
    let message = FcmMessage(
      templates: templates(configuration), values: values, lifetime: .seconds(90),
      end: Timestamp(milliseconds: 1_800_000_090_000))
    let body = try #require(message.body(to: "the token"))
    return try #require(try JSONValue(parsing: body)["message"])
  }

  private func size(_ message: JSONValue) -> Int {
    guard case .object(var members) = message else { return 0 }
    members["token"] = nil
    return JSONValue.object(members).text.utf8.count
  }

  @Test("It says who has sent what, and how the app opens it")
  func plain() throws {
    let message = try message()
    #expect(message["token"]?.string == "the token")
    #expect(message["notification"]?["title"]?.string == "New Message from User A")
    #expect(message["notification"]?["body"]?.string == "Hello!")
    #expect(
      message["data"]
        == .object([
          "messageId": .string("msg_0000000000001"), "senderId": .string("a"), "conversation": .string("a"),
        ]))
    #expect(message["android"]?["ttl"]?.string == "90s")
    #expect(message["android"]?["priority"]?.string == "HIGH")
    #expect(message["apns"]?["headers"]?["apns-expiration"]?.string == "1800000090")
    #expect(message["webpush"]?["headers"]?["TTL"]?.string == "90")
    // One that comes twice takes its own place.
    for path in [
      message["android"]?["notification"]?["tag"], message["apns"]?["headers"]?["apns-collapse-id"],
      message["webpush"]?["notification"]?["tag"],
    ] { #expect(path?.string == "msg_0000000000001") }
  }

  @Test(
    "However long the content is and whatever it is made of, all together has 4096 bytes at most",
    arguments: ["x", "ä", "👩‍👩‍👧", "\"", "\n", "\u{1}"])
  func fits(letter: String) throws {
    for count in [1000, 2900, 3400, 4096, 16_384] {
      let content = String(repeating: letter, count: count / letter.utf8.count)
      let message = try message(content: content)
      #expect(size(message) <= 4096)
      let body = try #require(message["notification"]?["body"]?.string)
      if body == content { continue }
      #expect(body.hasSuffix("…") && content.hasPrefix(body.dropLast()))
      // No more is cut than must be.
      #expect(size(message) > 4096 - 4 * letter.utf8.count - 24)
    }
  }

  @Test("A sender's name that leaves no room is cut after the content")
  func longName() throws {
    let message = try message(sender: String(repeating: "n", count: 6000))
    #expect(size(message) <= 4096)
    #expect(message["notification"]?["body"]?.string == "…")
    #expect(message["notification"]?["title"]?.string?.hasSuffix("n…") == true)
  }

  @Test("What can't be made small enough is not made")
  func tooLarge() {
    let id = String(repeating: "i", count: 5000)
    let values = PushValues(
      sender: "a", senderID: id, content: "hi", messageID: "m", conversation: id, receiverID: "b")
    let message = FcmMessage(
      templates: templates(), values: values, lifetime: .seconds(1), end: Timestamp(milliseconds: 0))
    #expect(message.body(to: "t") == nil)
  }

  @Test("Hidden, nothing of the content is in it")
  func hidden() throws {
    var configuration = FcmConfiguration()
    configuration.content = .hidden
    let message = try message(configuration, content: "the secret")
    #expect(!message.text.contains("secret"))
    #expect(message["notification"]?["body"]?.string == "You have a new message")
  }

  @Test("A device gets four collapse keys at most, a conversation always the same")
  func collapseKeys() {
    let conversations = (0..<1000).map { "user\($0)" }
    #expect(Set(conversations.map(FcmMessage.collapseKey)).count == 4)
    #expect(FcmMessage.collapseKey(of: "a") == FcmMessage.collapseKey(of: "a"))
    #expect(Set(conversations.map(FcmMessage.thread)).count == 1000)
    #expect(conversations.allSatisfy { FcmMessage.thread(of: $0).utf8.count == 16 })
  }

  @Test("Blocks, data, a click's action and a link come from templates, beside what is the stage's own")
  func blocks() throws {
    var configuration = FcmConfiguration()
    configuration.data = ["kind": "chat of {sender}"]
    configuration.clickAction = "OPEN"
    configuration.link = "https://app.example/c/{conversation}?m={sender}"
    configuration.priority = .normal
    configuration.android = ConfigurationTree(
      .object(["notification": .object(["channel_id": .string("chat"), "notification_count": .number("1")])]))
    configuration.apns = ConfigurationTree(
      .object(["payload": .object(["aps": .object(["sound": .string("ping"), "badge": .number("1")])])]))
    let message = try message(configuration, sender: "A & B")
    #expect(message["data"]?["kind"]?.string == "chat of A & B")
    #expect(message["android"]?["notification"]?["channel_id"]?.string == "chat")
    #expect(message["android"]?["notification"]?["notification_count"]?.integer == 1)
    #expect(message["android"]?["notification"]?["click_action"]?.string == "OPEN")
    #expect(message["android"]?["notification"]?["tag"] != nil)
    #expect(message["android"]?["priority"]?.string == "NORMAL")
    #expect(message["apns"]?["payload"]?["aps"]?["sound"]?.string == "ping")
    #expect(message["apns"]?["payload"]?["aps"]?["category"]?.string == "OPEN")
    #expect(message["apns"]?["payload"]?["aps"]?["thread-id"] != nil)
    #expect(message["webpush"]?["fcm_options"]?["link"]?.string == "https://app.example/c/a?m=A%20%26%20B")
  }

  @Test("Every value in data is a text")
  func strings() throws {
    var configuration = FcmConfiguration()
    configuration.data = ["n": "1", "b": "true"]
    guard case .object(let data)? = try message(configuration)["data"] else {
      Issue.record("no data"); return
    }
    #expect(data.values.allSatisfy { $0.string != nil })
  }
}

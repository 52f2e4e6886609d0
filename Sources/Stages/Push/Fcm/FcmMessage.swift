import Pipeline
import Services

/// One message to FCM, made from templates so that it stays within FCM's limits.
struct FcmMessage {
  /// The most bytes that a message has, its token apart: FCM counts less of it, Apple as much.
  static let mostBytes = 4096
  /// The most that templates may take of them, so that something of the content gets through.
  static let mostBytesOfTemplates = 3072
  /// How many collapse keys FCM keeps for a device; what has others is dropped, and which is not said.
  static let collapseKeys: UInt64 = 4

  let templates: FcmTemplates
  var values: PushValues
  /// How long FCM is to keep it for a device that is away.
  var lifetime: Duration
  /// When that ends.
  var end: Timestamp

  /// The request's body; `nil` where the message can't be made small enough.
  func body(to token: String, validateOnly: Bool = false) -> [UInt8]? {
    guard case .object(var message)? = fitted() else { return nil }
    message["token"] = .string(token)
    var request: [String: JSONValue] = ["message": .object(message)]
    if validateOnly { request["validate_only"] = .bool(true) }
    return Array(JSONValue.object(request).text.utf8)
  }

  /// The message with as much of the content, and then of the sender's name, as there is room for.
  private func fitted() -> JSONValue? {
    if let whole = made(with: values) { return whole }
    return cut(\.content, from: values).found ?? cut(\.sender, from: cut(\.content, from: values).least).found
  }

  /// Cuts one value to the longest with which the message fits; `least` is with nothing of it.
  private func cut(_ part: WritableKeyPath<PushValues, String>, from values: PushValues)
    -> (found: JSONValue?, least: PushValues)
  {
    func with(_ bytes: Int) -> PushValues {
      var cut = values
      cut[keyPath: part] = TextCut.prefix(of: values[keyPath: part], bytes: bytes)
      return cut
    }
    let least = with(TextCut.ellipsis.utf8.count)
    guard var found = made(with: least) else { return (nil, least) }
    // What has more bytes does not fit anyway.
    var (low, high) = (TextCut.ellipsis.utf8.count, min(values[keyPath: part].utf8.count, Self.mostBytes))
    while low < high {
      let middle = (low + high + 1) / 2
      if let message = made(with: with(middle)) {
        (found, low) = (message, middle)
      } else {
        high = middle - 1
      }
    }
    return (found, least)
  }

  /// The message, where it is small enough.
  private func made(with values: PushValues) -> JSONValue? {
    let message = message(values)
    return message.text.utf8.count <= Self.mostBytes ? message : nil
  }

  /// What a message takes that says nothing, between users with ids of usual length.
  static func sizeWithoutContent(_ templates: FcmTemplates) -> Int {
    let id = String(repeating: "0", count: 36)
    let values = PushValues(
      sender: id, senderID: id, content: "", messageID: id, conversation: id, receiverID: id)
    let message = FcmMessage(
      templates: templates, values: values, lifetime: .seconds(86_400), end: Timestamp(milliseconds: 0))
    return message.message(values).text.utf8.count
  }

  private func message(_ values: PushValues) -> JSONValue {
    var message: [String: JSONValue] = [
      "notification": .object([
        "title": .string(templates.title.fill(values.value)),
        "body": .string(templates.body.fill(values.value)),
      ]),
      "data": data(values),
    ]
    for (block, own) in [
      FcmTemplates.Block.android: android(values), .apns: apns(values), .webpush: webpush(values),
    ] {
      message[block.rawValue] = templates.blocks[block].map { own.merged(with: $0.fill(values)) } ?? own
    }
    return .object(message)
  }

  private func data(_ values: PushValues) -> JSONValue {
    var data: [String: JSONValue] = [
      "messageId": .string(values.messageID), "senderId": .string(values.senderID),
      "conversation": .string(values.conversation),
    ]
    for (key, template) in templates.data { data[key] = .string(template.fill(values.value)) }
    return .object(data)
  }

  private func android(_ values: PushValues) -> JSONValue {
    // A push that comes twice takes its own place, by the tag, instead of ringing beside itself.
    var notification: [String: JSONValue] = ["tag": .string(values.messageID)]
    if let action = templates.clickAction {
      notification["click_action"] = .string(action.fill(values.value))
    }
    return .object([
      "collapse_key": .string(Self.collapseKey(of: values.conversation)),
      "priority": .string(templates.priority == .high ? "HIGH" : "NORMAL"), "ttl": .string("\(seconds)s"),
      "notification": .object(notification),
    ])
  }

  private func apns(_ values: PushValues) -> JSONValue {
    var aps: [String: JSONValue] = [
      "sound": .string("default"), "thread-id": .string(Self.thread(of: values.conversation)),
    ]
    if let action = templates.clickAction { aps["category"] = .string(action.fill(values.value)) }
    return .object([
      "headers": .object([
        "apns-collapse-id": .string(values.messageID),
        "apns-expiration": .string("\(end.milliseconds / 1000)"),
        "apns-priority": .string(templates.priority == .high ? "10" : "5"),
      ]), "payload": .object(["aps": .object(aps)]),
    ])
  }

  private func webpush(_ values: PushValues) -> JSONValue {
    var block: [String: JSONValue] = [
      "headers": .object([
        "TTL": .string("\(seconds)"), "Topic": .string(Self.thread(of: values.conversation)),
        "Urgency": .string(templates.priority == .high ? "high" : "normal"),
      ]), "notification": .object(["tag": .string(values.messageID)]),
    ]
    if let link = templates.link {
      let address = link.fill { PercentEncoding.encode(values.value(of: $0)) }
      block["fcm_options"] = .object(["link": .string(address)])
    }
    return .object(block)
  }

  private var seconds: Int64 { max(0, lifetime.components.seconds) }

  /// One of the few collapse keys, always the same for a conversation, whichever node sends.
  static func collapseKey(of conversation: String) -> String {
    "conversation-\(digest(of: conversation) % collapseKeys)"
  }

  /// What groups the pushes of a conversation: short, and of letters that every service takes.
  static func thread(of conversation: String) -> String {
    let digits = String(digest(of: conversation), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func digest(of conversation: String) -> UInt64 {
    var digest = Digest()
    digest.combine(conversation)
    return digest.value
  }
}

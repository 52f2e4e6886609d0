import Pipeline

/// What the messages to FCM are made from: the templates of a stage's entry, checked.
struct FcmTemplates: Sendable {
  let title: PushTemplate
  let body: PushTemplate
  let data: [String: PushTemplate]
  let blocks: [Block: TemplateTree]
  let priority: FcmConfiguration.Priority
  let clickAction: PushTemplate?
  let link: PushTemplate?

  /// The parts of a message for one kind of device.
  enum Block: String, CaseIterable, Sendable {
    case android, apns, webpush
  }

  static let defaultTitle = "New Message from {sender}"
  static let defaultBody = "{content}"
  static let defaultHiddenBody = "You have a new message"

  /// Reads the templates of an entry; what is wrong goes to `fault`, by key.
  init(_ configuration: FcmConfiguration, fault: (_ key: String, _ message: String) -> Void) {
    let isHidden = configuration.content == .hidden
    func template(_ key: String, _ text: String) -> PushTemplate? {
      do throws(PushTemplate.Fault) {
        let template = try PushTemplate(text)
        if isHidden, template.places.contains(.content) { fault(key, Self.hiddenFault(key)) }
        return template
      } catch {
        fault(key, "'\(key)': \(error)")
        return nil
      }
    }
    let empty = PushTemplate.empty
    title = template("title", configuration.title ?? Self.defaultTitle) ?? empty
    let body = configuration.body ?? (isHidden ? Self.defaultHiddenBody : Self.defaultBody)
    self.body = template("body", body) ?? empty
    clickAction = configuration.clickAction.flatMap { template("click_action", $0) }
    link = configuration.link.flatMap { template("link", $0) }
    if let link = configuration.link, !link.hasPrefix("https://") {
      fault("link", "'link' is an https address, as browsers ask for")
    }
    data = Self.data(configuration.data ?? [:], template, fault)
    var blocks: [Block: TemplateTree] = [:]
    for (block, tree) in configuration.blocks {
      Self.check(tree, block, fault)
      do throws(PushTemplate.Fault) {
        let tree = try TemplateTree(tree)
        if isHidden, tree.places.contains(.content) {
          fault(block.rawValue, Self.hiddenFault(block.rawValue))
        }
        blocks[block] = tree
      } catch {
        fault(block.rawValue, "'\(block.rawValue)': \(error)")
      }
    }
    self.blocks = blocks
    priority = configuration.priority ?? .high
    let size = FcmMessage.sizeWithoutContent(self)
    if size > FcmMessage.mostBytesOfTemplates {
      fault(
        "title",
        "the templates make a message of \(size) bytes with nothing of its content; "
          + "\(FcmMessage.mostBytesOfTemplates) at most leave room for it")
    }
  }

  private static func hiddenFault(_ key: String) -> String {
    "'\(key)' shows {content}, which 'content: hidden' forbids"
  }

  /// Keys of `data` that the stage sets itself.
  static let ownKeys: Set = ["messageId", "senderId", "conversation"]

  private static func data(
    _ texts: [String: String], _ template: (String, String) -> PushTemplate?,
    _ fault: (String, String) -> Void
  ) -> [String: PushTemplate] {
    var data: [String: PushTemplate] = [:]
    for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
      if ownKeys.contains(key) {
        fault("data", "'\(key)' of 'data' is set by the stage itself")
      } else if isReserved(key) {
        fault("data", "'\(key)' of 'data' is reserved by FCM")
      }
      data[key] = template("data", text)
    }
    return data
  }

  /// Keys that FCM refuses in `data`.
  static func isReserved(_ key: String) -> Bool {
    key.isEmpty || ["from", "message_type", "notification"].contains(key) || key.hasPrefix("google")
      || key.hasPrefix("gcm")
  }

  /// The members that FCM knows of each block, and those that the stage sets itself.
  private static let members: [Block: (known: Set<String>, own: [[String]])] = [
    .android: (
      [
        "collapse_key", "priority", "ttl", "restricted_package_name", "data", "notification", "fcm_options",
        "direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok",
      ], [["collapse_key"], ["priority"], ["ttl"], ["data"], ["notification", "tag"]]
    ),
    .apns: (
      ["headers", "payload", "fcm_options", "live_activity_token"],
      [
        ["headers", "apns-collapse-id"], ["headers", "apns-expiration"], ["headers", "apns-priority"],
        ["payload", "aps", "thread-id"],
      ]
    ),
    .webpush: (
      ["headers", "data", "notification", "fcm_options"],
      [
        ["headers", "TTL"], ["headers", "Urgency"], ["headers", "Topic"], ["data"], ["notification", "tag"],
      ]
    ),
  ]

  private static func check(_ tree: JSONValue, _ block: Block, _ fault: (String, String) -> Void) {
    guard case .object(let object) = tree, let members = members[block] else {
      return fault(block.rawValue, "'\(block.rawValue)' wants keys and values")
    }
    for key in object.keys.sorted() where !members.known.contains(key) {
      let known = members.known.sorted().joined(separator: ", ")
      fault(block.rawValue, "'\(key)' is nothing that FCM knows of '\(block.rawValue)'; it knows \(known)")
    }
    for path in members.own where path.reduce(tree, { $0?[$1] }) != nil {
      fault(
        block.rawValue, "'\(path.joined(separator: "."))' of '\(block.rawValue)' is set by the stage itself")
    }
    guard case .object(let headers)? = object["headers"] else { return }
    for key in headers.keys.sorted() where headers[key]?.string == nil {
      fault(block.rawValue, "'headers.\(key)' of '\(block.rawValue)' wants a text: put it in quotes")
    }
  }
}

extension PushTemplate {
  /// What stands in for a template that can't be read.
  static let empty = PushTemplate()
}

import Pipeline
import Services

// The fields of an event's data, read with rejections that tell the client which one is wrong and why. An optional
// field may be absent or null: many clients write null for what they have not set.
extension EventData {
  /// The most characters of an id, counted in Unicode scalars.
  static let idLimit = 256

  /// Whether there is anything but `null` under `key`.
  func has(_ key: String) -> Bool {
    switch kind(key) {
    case nil, .null: false
    default: true
    }
  }

  /// The text under `key`.
  func text(_ key: String) throws(Rejection) -> String {
    if let text = string(key) { return text }
    throw Rejection(.invalidEvent, "data.\(key) \(kind(key) == nil ? "is missing" : "must be a string")")
  }

  /// The text under `key`, of 1 to 256 characters.
  func identifier(_ key: String) throws(Rejection) -> String {
    let text = try text(key)
    guard !text.isEmpty else { throw Rejection(.invalidEvent, "data.\(key) must not be empty") }
    // A text is never longer in scalars than in bytes, so the usual short one need not be walked through.
    guard text.utf8.count <= Self.idLimit || text.unicodeScalars.count <= Self.idLimit else {
      throw Rejection(.payloadTooLarge, "data.\(key) has more than \(Self.idLimit) characters")
    }
    return text
  }

  /// The message that the text under `key` names.
  func messageID(_ key: String) throws(Rejection) -> MessageID {
    var id: MessageID?
    withUTF8(of: key) { id = MessageID($0) }
    if let id { return id }
    return try MessageID(naming: text(key), in: key)
  }
}

extension MessageID {
  /// The message that `text` names; one that is no message's id names a message that does not exist.
  init(naming text: String, in key: String) throws(Rejection) {
    guard let id = MessageID(text) else {
      throw Rejection(.notFound, "data.\(key) names no message of yours")
    }
    self = id
  }
}

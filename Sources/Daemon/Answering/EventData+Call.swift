import Pipeline
import Services

// The parameters of calls. Over HTTP those of the query are texts; a body's may be of any type.
extension EventData {
  /// A user's id of 1 to 256 characters.
  func user(_ key: String) throws(Rejection) -> String {
    guard let user = string(key), !user.isEmpty else {
      throw Rejection(.invalidEvent, "\(key) must be a text of 1 to 256 characters")
    }
    guard user.unicodeScalars.count <= 256 else {
      throw Rejection(.payloadTooLarge, "\(key) has more than 256 characters")
    }
    return user
  }

  /// A message's id, where one is given.
  func messageID(_ key: String) throws(Rejection) -> MessageID? {
    guard has(key) else { return nil }
    guard let text = string(key), let id = MessageID(text) else {
      throw Rejection(.invalidEvent, "\(key) is none that you were given")
    }
    return id
  }

  /// How many entries a page may have.
  func limit(most: Int = 500, usual: Int = 100) throws(Rejection) -> Int {
    guard has("limit") else { return usual }
    guard let limit = integer("limit") ?? string("limit").flatMap({ Int($0) }), (1...most).contains(limit)
    else { throw Rejection(.invalidEvent, "limit must be a number from 1 to \(most)") }
    return limit
  }

  /// A text, where one is given.
  func optionalText(_ key: String, most: Int) throws(Rejection) -> String? {
    guard has(key) else { return nil }
    guard let text = string(key), !text.isEmpty else {
      throw Rejection(.invalidEvent, "\(key) must be a text of 1 to \(most) bytes")
    }
    guard text.utf8.count <= most else {
      throw Rejection(.payloadTooLarge, "\(key) has more than \(most) bytes")
    }
    return text
  }

  /// Whether there is anything but `null` under `key`.
  func has(_ key: String) -> Bool { kind(key) != nil && kind(key) != .null }
}

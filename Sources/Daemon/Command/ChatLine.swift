import Glibc
import Pipeline

/// An event as a line for a person.
struct ChatLine {
  let text: String

  init(_ event: JSONValue) {
    let data = event["data"]
    func word(_ key: String) -> String { (data?[key]?.string ?? "").printable }
    switch event["type"]?.string {
    case "CONNECTED": text = "connected as \(word("userId"))"
    case "NEW_MESSAGE": text = "\(word("senderId")) → \(word("receiverId")): \(word("content"))"
    case "MESSAGE_READ_UPDATE": text = "\(word("readerId")) has read \(word("messageId"))"
    case "USER_PRESENCE_UPDATE": text = "\(word("userId")) is \(word("status"))"
    case let type?: text = type.printable
    case nil: text = ""
    }
  }
}

/// Standard output.
enum StandardOutput {
  /// Sends on what was printed, so that a reader of a pipe sees it at once.
  static func flush() { fflush(nil) }
}

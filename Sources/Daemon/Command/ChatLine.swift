import Glibc
import Pipeline

/// An event as a line for a person.
struct ChatLine {
  let text: String

  init(_ event: JSONValue) {
    let data = event["data"]
    func word(_ key: String) -> String { Self.printable(data?[key]?.string ?? "") }
    switch event["type"]?.string {
    case "CONNECTED": text = "connected as \(word("userId"))"
    case "NEW_MESSAGE": text = "\(word("senderId")) → \(word("receiverId")): \(word("content"))"
    case "MESSAGE_READ_UPDATE": text = "\(word("readerId")) has read \(word("messageId"))"
    case "USER_PRESENCE_UPDATE": text = "\(word("userId")) is \(word("status"))"
    case let type?: text = Self.printable(type)
    case nil: text = ""
    }
  }

  /// Without control characters: what others write must not move this terminal's cursor.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}

/// Standard output.
enum StandardOutput {
  /// Sends on what was printed, so that a reader of a pipe sees it at once.
  static func flush() { fflush(nil) }
}

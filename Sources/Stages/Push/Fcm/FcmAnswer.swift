import Pipeline
import Services

/// What FCM's HTTP v1 answers mean. The error's details are read first, of them an `FcmError` before all others: the
/// status alone does not tell a dead token from a request that is wrong.
enum FcmAnswer {
  private static let fcmError = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
  private static let badRequest = "type.googleapis.com/google.rpc.BadRequest"

  /// The meaning of an answer.
  static func meaning(status: Int, retryAfter: String?, body: [UInt8], at now: Timestamp) -> PushAnswer {
    if (200..<300).contains(status) { return PushAnswer(.sent, .sent) }
    let error = (try? JSONValue(parsing: body))?["error"]
    let details = error?["details"]?.array ?? []
    let code = details.first { $0["@type"]?.string == fcmError }?["errorCode"]?.string
    let violations = details.filter { $0["@type"]?.string == badRequest }
      .flatMap { $0["fieldViolations"]?.array ?? [] }
    let wait = retryAfter.flatMap { RetryAfter.wait($0, at: now) }
    // Of what the service says only names go on: its sentences may quote what was sent.
    let detail = describe(status, code ?? error?["status"]?.string, violations)
    switch code {
    case "UNREGISTERED": return PushAnswer(.deviceGone, .unregistered, detail)
    case "SENDER_ID_MISMATCH": return PushAnswer(.deviceRefused, .senderMismatch, detail)
    case "THIRD_PARTY_AUTH_ERROR": return PushAnswer(.later(.broken), .thirdPartyAuth, detail)
    case "QUOTA_EXCEEDED": return PushAnswer(.later(.throttled(wait)), .throttled, detail)
    case "UNAVAILABLE", "INTERNAL": return PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    case "INVALID_ARGUMENT":
      // The token's fault, unless another field is named.
      let isOurs = violations.contains { $0["field"]?.string != "message.token" }
      return isOurs
        ? PushAnswer(.refused, .invalidRequest, detail) : PushAnswer(.deviceGone, .invalidToken, detail)
    default: return meaning(status, wait, detail)
    }
  }

  /// The meaning of a status that nothing explains.
  private static func meaning(_ status: Int, _ wait: Duration?, _ detail: String) -> PushAnswer {
    switch status {
    case 401, 403: PushAnswer(.later(.broken), .unauthorized, detail)
    case 408: PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    case 429: PushAnswer(.later(.throttled(wait)), .throttled, detail)
    case 500...: PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    case 400, 413: PushAnswer(.refused, .invalidRequest, detail)
    default: PushAnswer(.later(.broken), .unexpected, detail)
    }
  }

  /// The status, the code and the fields' names. A field is a path of letters; anything else is left out.
  private static func describe(_ status: Int, _ code: String?, _ violations: [JSONValue]) -> String {
    let fields = violations.compactMap { $0["field"]?.string }.filter(isName).prefix(8)
    let name = code.flatMap { isName($0) ? " \($0)" : nil } ?? ""
    return "\(status)\(name)" + (fields.isEmpty ? "" : " at " + fields.joined(separator: ", "))
  }

  private static func isName(_ text: String) -> Bool {
    text.utf8.count <= 100
      && text.utf8.allSatisfy { byte in
        let character = Character(UnicodeScalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber || "_.[]".contains(character))
      }
  }
}

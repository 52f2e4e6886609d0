import Pipeline
import Testing

@testable import Stages

@Suite("What FCM's answers mean")
struct FcmAnswerTests {
  private static let fcm =
    #"{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"CODE"}"#
  private static let field =
    #"{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"FIELD"}]}"#

  private static func error(_ status: String, _ details: String...) -> String {
    #"{"error":{"code":0,"message":"text","status":"\#(status)","details":[\#(details.joined(separator: ","))]}}"#
  }

  private static func code(_ code: String) -> String { replacing(fcm, "CODE", code) }
  private static func field(_ field: String) -> String { replacing(Self.field, "FIELD", field) }
  private static func replacing(_ text: String, _ old: String, _ new: String) -> String {
    text.replacing(old, with: new)
  }

  struct Case: Sendable, CustomStringConvertible {
    let status: Int
    var retryAfter: String?
    let body: String
    let meaning: PushAnswer.Meaning
    let reason: PushAnswer.Reason
    var description: String { "\(status) \(retryAfter ?? "") \(body.prefix(300))" }
  }

  static let cases: [Case] = [
    Case(status: 200, body: #"{"name":"projects/p/messages/1"}"#, meaning: .sent, reason: .sent),
    Case(
      status: 404, body: error("NOT_FOUND", code("UNREGISTERED")), meaning: .deviceGone, reason: .unregistered
    ),
    Case(
      status: 400, body: error("INVALID_ARGUMENT", code("INVALID_ARGUMENT")), meaning: .deviceGone,
      reason: .invalidToken),
    // The order of the details does not matter, and a token may be named as the field that is wrong.
    Case(
      status: 400, body: error("INVALID_ARGUMENT", field("message.token"), code("INVALID_ARGUMENT")),
      meaning: .deviceGone, reason: .invalidToken),
    Case(
      status: 400, body: error("INVALID_ARGUMENT", code("INVALID_ARGUMENT"), field("message.android.ttl")),
      meaning: .refused, reason: .invalidRequest),
    Case(
      status: 400, body: error("INVALID_ARGUMENT", field("message.data[0].value")), meaning: .refused,
      reason: .invalidRequest),
    // Without an FcmError nobody has said that the token is wrong.
    Case(
      status: 400, body: error("INVALID_ARGUMENT", field("message.token")), meaning: .refused,
      reason: .invalidRequest),
    Case(status: 400, body: "", meaning: .refused, reason: .invalidRequest),
    Case(
      status: 403, body: error("PERMISSION_DENIED", code("SENDER_ID_MISMATCH")), meaning: .deviceRefused,
      reason: .senderMismatch),
    Case(
      status: 401, body: error("UNAUTHENTICATED", code("THIRD_PARTY_AUTH_ERROR")), meaning: .later(.broken),
      reason: .thirdPartyAuth),
    Case(status: 401, body: error("UNAUTHENTICATED"), meaning: .later(.broken), reason: .unauthorized),
    Case(status: 403, body: error("PERMISSION_DENIED"), meaning: .later(.broken), reason: .unauthorized),
    Case(
      status: 429, retryAfter: "7", body: error("RESOURCE_EXHAUSTED", code("QUOTA_EXCEEDED")),
      meaning: .later(.throttled(.seconds(7))), reason: .throttled),
    Case(
      status: 429, body: error("RESOURCE_EXHAUSTED"), meaning: .later(.throttled(nil)), reason: .throttled),
    Case(
      status: 503, retryAfter: "3", body: error("UNAVAILABLE", code("UNAVAILABLE")),
      meaning: .later(.unavailable(.seconds(3))), reason: .unavailable),
    Case(
      status: 500, body: error("INTERNAL", code("INTERNAL")), meaning: .later(.unavailable(nil)),
      reason: .unavailable),
    Case(status: 502, body: "<html>", meaning: .later(.unavailable(nil)), reason: .unavailable),
    // Another server than FCM's drops nobody's token.
    Case(status: 404, body: "<html>", meaning: .later(.broken), reason: .unexpected),
    Case(status: 302, body: "", meaning: .later(.broken), reason: .unexpected),
  ]

  @Test("The FcmError decides, then other details, then the status", arguments: cases)
  func meaning(answer: Case) {
    let found = FcmAnswer.meaning(
      status: answer.status, retryAfter: answer.retryAfter, body: Array(answer.body.utf8),
      at: Timestamp(milliseconds: 0))
    #expect(found.meaning == answer.meaning)
    #expect(found.reason == answer.reason)
  }

  @Test("Of what FCM says only names are kept, never its sentences")
  func detail() {
    let body = Self.error(
      "INVALID_ARGUMENT", Self.field("message.data[0].value"), Self.field("a token, and content"))
    let found = FcmAnswer.meaning(
      status: 400, retryAfter: nil, body: Array(body.utf8), at: Timestamp(milliseconds: 0))
    #expect(found.detail == "400 INVALID_ARGUMENT at message.data[0].value")
  }

  @Test(
    "Retry-After is a number of seconds or a moment, and a day at most",
    arguments: [
      ("0", Duration.zero), ("120", .seconds(120)), (" 5 ", .seconds(5)),
      ("99999999999999999999", .seconds(86_400)),
      ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(37)), ("Sun, 06 Nov 1994 08:48:00 GMT", .zero),
      ("soon", nil), ("-1", nil), ("1.5", nil), ("", nil),
    ] as [(String, Duration?)])
  func retryAfter(value: String, wait: Duration?) {
    #expect(RetryAfter.wait(value, at: Timestamp(rfc3339: "1994-11-06T08:49:00Z")!) == wait)
  }
}

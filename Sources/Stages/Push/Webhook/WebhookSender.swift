import Pipeline
import Services

/// Posts pushes to an address of the operator's, signed.
struct WebhookSender: PushSender {
  static let timeout = Duration.seconds(10)

  private let address: String
  private let isHidden: Bool
  private let signature: WebhookSignature
  private let web: any WebSender
  private let clock: EngineClock

  var account: String { "webhook:" + address }

  init(
    _ address: String, isHidden: Bool, _ signature: WebhookSignature, _ web: any WebSender,
    _ clock: EngineClock
  ) {
    self.address = address
    self.isHidden = isHidden
    self.signature = signature
    self.web = web
    self.clock = clock
  }

  func send(_ job: PushJob, until end: Timestamp, within budget: Duration) async -> PushAnswer {
    await post(body(of: job), id: "\(job.id.service)_\(job.id.messageID)", within: budget)
  }

  /// Posts something that says that it is a trial.
  func sendTrial(to user: String, within budget: Duration) async -> PushAnswer {
    var body = JSONObjectWriter()
    body.member("type", "TEST")
    body.member("receiverId", user)
    return await post(body.finish(), id: "test_\(clock.wall().milliseconds)", within: budget)
  }

  private func body(of job: PushJob) -> [UInt8] {
    let values = job.values
    var body = JSONObjectWriter(reserving: 512)
    body.member("type", "PUSH")
    body.member("messageId", values.messageID)
    body.member("receiverId", values.receiverID)
    body.member("senderId", values.senderID)
    if let name = job.senderName { body.member("senderName", name) }
    body.member("conversation", values.conversation)
    body.member("timestamp", job.id.messageID.timestamp)
    if !isHidden {
      body.member("content", job.content)
      if let metadata = job.metadata { body.member("metadata", json: metadata.utf8) }
    }
    return body.finish()
  }

  private func post(_ body: [UInt8], id: String, within budget: Duration) async -> PushAnswer {
    let headers = [("Content-Type", "application/json")] + signature.headers(id: id, at: clock.wall(), body)
    do {
      let answer = try await web.post(
        WebPost(address, headers: headers, body: body, limit: 4096, timeout: min(Self.timeout, budget)))
      return Self.meaning(answer, at: clock.wall())
    } catch is WebTimeout {
      return PushAnswer(.later(.unavailable(nil)), .timeout)
    } catch {
      return PushAnswer(.later(.unavailable(nil)), .unreachable, "\(error)")
    }
  }

  /// What an answer means: the status decides, nothing of the body is looked at.
  static func meaning(_ answer: WebAnswer, at now: Timestamp) -> PushAnswer {
    let wait = answer.retryAfter.flatMap { RetryAfter.wait($0, at: now) }
    let detail = "\(answer.status)"
    return switch answer.status {
    case 200..<300: PushAnswer(.sent, .sent)
    case 401, 403: PushAnswer(.later(.broken), .unauthorized, detail)
    case 408, 425: PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    case 429: PushAnswer(.later(.throttled(wait)), .throttled, detail)
    case 400..<500: PushAnswer(.refused, .invalidRequest, detail)
    case 500...: PushAnswer(.later(.unavailable(wait)), .unavailable, detail)
    default: PushAnswer(.later(.broken), .unexpected, detail)
    }
  }
}

import Logging
import Pipeline
import Services

/// Sends pushes by FCM's HTTP v1.
struct FcmSender: PushSender {
  static let endpoint = "https://fcm.googleapis.com"
  /// How long one request may take.
  static let timeout = Duration.seconds(10)
  /// How long after a connection has broken the next is tried.
  static let beforeRepeating = Duration.milliseconds(100)

  let templates: FcmTemplates
  private let projectID: String
  private let address: String
  private let tokens: OAuthTokens
  private let web: any WebSender
  private let clock: EngineClock

  var account: String { "fcm:" + projectID }

  init(
    _ service: ServiceAccount, _ templates: FcmTemplates, endpoint: String, _ web: any WebSender,
    _ clock: EngineClock, _ logger: Logger
  ) {
    self.templates = templates
    projectID = service.projectID
    let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    address = "\(base)/v1/projects/\(service.projectID)/messages:send"
    tokens = OAuthTokens(service, web, clock, logger)
    self.web = web
    self.clock = clock
  }

  func send(_ job: PushJob, until end: Timestamp, within budget: Duration) async -> PushAnswer {
    let left = Duration.milliseconds(max(0, end.milliseconds - clock.wall().milliseconds))
    let message = FcmMessage(templates: templates, values: job.values, lifetime: left, end: end)
    return await send(message, to: job.id.deviceToken ?? "", within: budget)
  }

  /// Sends something that says that it is a trial.
  func sendTrial(to token: String, of user: String, within budget: Duration) async -> PushAnswer {
    let values = PushValues(
      sender: "Sluice", senderID: "sluice", content: "This is a test.", messageID: "test",
      conversation: "sluice",
      receiverID: user)
    let message = FcmMessage(
      templates: templates, values: values, lifetime: .seconds(60), end: clock.wall() + .seconds(60))
    return await send(message, to: token, within: budget)
  }

  /// Asks whether FCM would take something for this token; nothing is delivered.
  func check(_ token: String, within budget: Duration) async -> PushAnswer {
    let values = PushValues(
      sender: "", senderID: "", content: "", messageID: "", conversation: "", receiverID: "")
    let message = FcmMessage(
      templates: templates, values: values, lifetime: .seconds(60), end: clock.wall() + .seconds(60))
    return await send(message, to: token, validateOnly: true, within: budget)
  }

  private func send(
    _ message: FcmMessage, to token: String, validateOnly: Bool = false, within budget: Duration
  ) async -> PushAnswer {
    guard let body = message.body(to: token, validateOnly: validateOnly) else {
      return PushAnswer(.refused, .invalidRequest, "it has more than \(FcmMessage.mostBytes) bytes")
    }
    let deadline = clock.monotonic() + UInt64(max(0, budget.wholeNanoseconds))
    var (hasRenewed, hasRepeated) = (false, false)
    while true {
      let bearer: String
      do throws(OAuthTokens.Fault) { bearer = try await tokens.token() } catch { return error.answer }
      let now = clock.monotonic()
      guard now < deadline else { return PushAnswer(.later(.unavailable(nil)), .timeout, "no time is left") }
      let request = WebPost(
        address, headers: [("Authorization", "Bearer \(bearer)"), ("Content-Type", "application/json")],
        body: body,
        timeout: min(Self.timeout, .nanoseconds(Int64(deadline - now))))
      let answer: WebAnswer
      do { answer = try await web.post(request) } catch let error as WebTimeout {
        return PushAnswer(.later(.unavailable(nil)), .timeout, error.description)
      } catch {
        // A connection that broke is no sign that the service is unwell: another one may do.
        if hasRepeated { return PushAnswer(.later(.unavailable(nil)), .unreachable, "\(error)") }
        hasRepeated = true
        // Others on the same connection learn a moment later that it has gone.
        try? await Task.sleep(for: Self.beforeRepeating)
        continue
      }
      let meaning = FcmAnswer.meaning(
        status: answer.status, retryAfter: answer.retryAfter, body: answer.body, at: clock.wall())
      guard answer.status == 401, meaning.reason == .unauthorized, !hasRenewed else { return meaning }
      tokens.drop(bearer)
      hasRenewed = true
    }
  }
}

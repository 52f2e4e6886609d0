import Pipeline

/// What became of one attempt to send a push, as a service's own answers are understood.
struct PushAnswer: Sendable, Equatable {
  /// What is to be done about it.
  enum Meaning: Sendable, Equatable {
    /// The service has taken it.
    case sent
    /// The device is not there any more: its token goes.
    case deviceGone
    /// The device is another project's: nothing is sent to it until it is registered again.
    case deviceRefused
    /// It will never be taken, and that is not the device's fault.
    case refused
    /// It may be taken later.
    case later(Delay)
  }

  /// What decides how long to wait.
  enum Delay: Sendable, Equatable {
    /// There is too much: as long as the service says, else from a minute on.
    case throttled(Duration?)
    /// The service is not well: as long as it says, else from the first pause on.
    case unavailable(Duration?)
    /// Somebody has to mend something first: from a minute on.
    case broken
  }

  /// What is to be done.
  var meaning: Meaning
  /// The outcome's name, for logs and metrics: one of a fixed few.
  var reason: Reason
  /// More of it for the log: never a token, nor anything of a message.
  var detail: String

  init(_ meaning: Meaning, _ reason: Reason, _ detail: String = "") {
    self.meaning = meaning
    self.reason = reason
    self.detail = detail
  }

  /// Why, in a word.
  enum Reason: String, Sendable, CaseIterable {
    case sent
    /// The service does not know the token any more.
    case unregistered
    /// The service says that the token was never one.
    case invalidToken = "invalid_token"
    /// The token belongs to another sender.
    case senderMismatch = "sender_mismatch"
    /// The service found fault with what was sent: ours.
    case invalidRequest = "invalid_request"
    /// Credentials for a service behind the service (APNs, Web Push) are wrong.
    case thirdPartyAuth = "third_party_auth"
    /// Our own credentials are not accepted.
    case unauthorized
    /// The answer is not one that the service gives: what answers may be another server.
    case unexpected
    /// A quota is used up.
    case throttled
    /// The service fails.
    case unavailable
    /// The service could not be reached, or the connection broke.
    case unreachable
    /// No answer in time.
    case timeout
    /// Its time has passed.
    case expired
  }

  /// Whether an operator has to do something.
  var isAlarming: Bool {
    switch reason {
    case .invalidRequest, .thirdPartyAuth, .unauthorized, .senderMismatch, .unexpected: true
    default: false
    }
  }

  /// Whether it says that the service as a whole is unwell, rather than this push.
  var isOfService: Bool {
    switch reason {
    case .throttled, .unavailable, .unreachable, .timeout, .unauthorized, .unexpected: true
    default: false
    }
  }
}

import Pipeline

/// How a stage's pushes are sent: what a reload may change.
struct PushPlan: Sendable {
  /// By whom.
  var sender: any PushSender
  /// When what fails is tried again, and until when.
  var backoff: PushBackoff
  /// How long this node keeps a job to itself.
  var lease: Duration
  /// How much may be sent.
  var limits: PushLimits
  /// How many may be under way at once.
  var capacity: Int

  /// How long sending one may take altogether: so much of the lease is kept for telling the outcome.
  var budget: Duration { lease * 0.7 }
}

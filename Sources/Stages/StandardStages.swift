public import Pipeline

/// The stages that come with the daemon: the one list of them.
public enum StandardStages {
  /// The types, in the order in which a chain usually has them.
  public static let all: [any Stage.Type] = [
    Auth.self, RateLimit.self, Dedup.self, Persist.self, FanOut.self, Presence.self, Fcm.self,
    Webhook.self,
  ]
}

extension StageRegistry {
  /// The stages that come with the daemon.
  public static let standard = StageRegistry(StandardStages.all)
}

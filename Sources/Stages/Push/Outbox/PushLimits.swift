import Pipeline
import Services

/// How much may be sent: to a service by one account from all nodes together, and to a single device. Every attempt
/// counts, also one that is refused, as it does with the services themselves.
struct PushLimits: Sendable, Equatable {
  /// By one account.
  var account: Rate
  /// To a device.
  var device: Rate

  /// The questions to the shared state about jobs that were taken together: first the account, then each job's device.
  func questions(_ jobs: [PushJob], account name: String) -> [AdmissionRequest] {
    [question(account: name, cost: jobs.count)]
      + jobs.map { job in
        AdmissionRequest(
          scope: "push.device", subject: Self.name(of: job.id.deviceToken ?? job.receiverID),
          interval: device.interval,
          burst: burst(device))
      }
  }

  /// The question about the account alone.
  func question(account name: String, cost: Int) -> AdmissionRequest {
    AdmissionRequest(
      scope: "push.account", subject: name, interval: account.interval, burst: max(burst(account), cost),
      cost: cost)
  }

  /// What may come at once: as much as in ten seconds, so that a service's own count over a minute is kept, too.
  private func burst(_ rate: Rate) -> Int {
    max(1, Int(10_000_000_000 / max(1, rate.interval)))
  }

  /// Stands for a token where others may read it.
  private static func name(of token: String) -> String {
    var digest = Digest()
    digest.combine(token)
    return String(digest.value, radix: 36)
  }
}

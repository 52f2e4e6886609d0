import Pipeline
import Synchronization

/// Tells systemd how the daemon and its reloads are doing, from a thread of its own, since systemd may be behind.
final class ServiceReports: Sendable {
  /// How often systemd hears of life where no watchdog wants to more often.
  private static let longestPeriod = Duration.seconds(10)
  /// How often more time is asked for while the start takes long, and how much each time.
  private static let (startPeriod, startExtension) = (Duration.seconds(5), Duration.seconds(30))
  /// How often it is asked for at most: an hour's worth. What has not come up by then hangs.
  private static let mostExtensions = 720
  /// How long the end may take beyond the drain window: what is under way goes to the store.
  private static let endMargin = Duration.seconds(30)

  /// What the status says.
  private struct Status {
    var text = ""
    var connections = 0
    var told = ""

    /// The line, where it is another than the last.
    mutating func news() -> String? {
      let line = text + (connections == 1 ? "; 1 connection" : "; \(connections) connections")
      guard line != told else { return nil }
      told = line
      return line
    }
  }

  private let notifier: SystemdNotifier
  private let thread: WorkerThread<@Sendable () -> Void>
  private let status = Mutex(Status())

  /// How often ``alive(connections:)`` is due; `nil` where nobody hears of it.
  var period: Duration? {
    guard notifier.isHeard else { return nil }
    guard let interval = notifier.watchdogInterval else { return Self.longestPeriod }
    return min(interval / 2, Self.longestPeriod)
  }

  init(_ notifier: SystemdNotifier) {
    self.notifier = notifier
    thread = WorkerThread(limit: 1000) { reports in for report in reports { report() } }
  }

  /// Starts the daemon, and has systemd wait for it: a store of an older release may take long to be brought up to date.
  func starting<Result>(_ start: () async throws -> Result) async throws -> Result {
    guard notifier.isHeard else { return try await start() }
    let waiting = Task { [self] in
      for _ in 0..<Self.mostExtensions {
        try await Task.sleep(for: Self.startPeriod)
        tell { $0.extendTimeout(by: Self.startExtension) }
      }
    }
    defer { waiting.cancel() }
    return try await start()
  }

  /// Clients may come.
  func ready(_ text: String) { tell { [self] in $0.ready(status: line { $0.text = text }) } }

  /// A reload begins, or has ended: also one that failed ends with the daemon being ready (systemd.service(5)).
  func reload(_ verdict: ReloadVerdict?) {
    tell { [self] notifier in
      if let verdict {
        notifier.ready(status: line { $0.text = verdict.summary })
      } else {
        notifier.reloading(status: "reloading")
        status.withLock { $0.told = "" }
      }
    }
  }

  /// The loops live; the status says how many are connected.
  func alive(connections: Int) {
    tell { [self] in $0.watchdog(status: line { $0.connections = connections }) }
  }

  /// The daemon is about to end, and has a time for it.
  func stopping(within drain: Duration) {
    tell { $0.stopping(status: "draining", within: drain + Self.endMargin) }
  }

  /// Returns when everything has been told.
  func end() async { await thread.end() }

  private func line(_ change: (inout Status) -> Void) -> String? {
    status.withLock { status in
      change(&status)
      return status.news()
    }
  }

  private func tell(_ report: @escaping @Sendable (SystemdNotifier) -> Void) {
    _ = thread.submit { [notifier] in report(notifier) }
  }
}

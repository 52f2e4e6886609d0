import Pipeline

/// Tells systemd how the daemon and its reloads are doing, from a thread of its own, since systemd may be behind.
final class ServiceReports: Sendable {
  private let notifier: SystemdNotifier
  private let thread: WorkerThread<@Sendable () -> Void>

  init(_ notifier: SystemdNotifier) {
    self.notifier = notifier
    thread = WorkerThread(limit: 1000) { reports in for report in reports { report() } }
  }

  /// Clients may come.
  func ready(_ status: String) { tell { $0.ready(status: status) } }

  /// A reload begins, or has ended: also one that failed ends with the daemon being ready (systemd.service(5)).
  func reload(_ verdict: ReloadVerdict?) {
    tell { notifier in
      if let verdict {
        notifier.ready(status: verdict.summary)
      } else {
        notifier.reloading(status: "reloading")
      }
    }
  }

  /// The daemon is about to end.
  func stopping() { tell { $0.stopping(status: "draining") } }

  /// Returns when everything has been told.
  func end() async { await thread.end() }

  private func tell(_ report: @escaping @Sendable (SystemdNotifier) -> Void) {
    _ = thread.submit { [notifier] in report(notifier) }
  }
}

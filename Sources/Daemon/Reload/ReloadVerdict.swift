import Pipeline

/// How a reload has ended: what the operator is told, wherever they look.
struct ReloadVerdict: Sendable {
  /// Whether the new chain is in force.
  enum Result: String, Sendable {
    case ok
    /// Nothing has changed.
    case failed
  }

  let result: Result
  /// The revision of the chain in force afterwards.
  let revision: Int
  let at: Timestamp
  /// Why it failed, in a line; `nil` where it did not.
  var error: String?
  /// The faults and warnings of the file, as `sluice check` shows them.
  var diagnostics = ""
  /// What the reload has changed, or would have to restart for.
  var changes: [ReloadChange] = []

  /// What is in the file and comes into force with the next start only.
  var needingRestart: [ReloadChange] { changes.filter { $0.effect == .restart } }

  /// A line for the log, for systemd and for people.
  var summary: String {
    switch result {
    case .failed: return "reload failed, revision \(revision) stays: \(error ?? "")"
    case .ok:
      let pending = needingRestart.map(\.path).joined(separator: ", ")
      return "revision \(revision) is in force"
        + (pending.isEmpty ? "" : "; a restart is needed for \(pending)")
    }
  }

  /// Writes the verdict into an object.
  ///
  /// - Parameter isOpen: Whether anybody may read it: what stands in the file is left out then, since it may be a secret.
  func write(to writer: inout JSONObjectWriter, isOpen: Bool) {
    writer.member("result", result.rawValue)
    writer.member("revision", revision)
    writer.member("at", at)
    if let error { writer.member("error", error) }
    let shown = isOpen ? faultLines.map { $0 + "\n" }.joined() : diagnostics
    if !shown.isEmpty { writer.member("diagnostics", shown) }
    writer.array("changes", of: changes) { item, change in change.write(to: &item, isOpen: isOpen) }
  }

  /// The faults and warnings, each in a line, without the lines of the file.
  var faultLines: [Substring] { diagnostics.split(separator: "\n").filter { !$0.hasPrefix(" ") } }
}

/// One thing that differs between what is in force and what the file says.
struct ReloadChange: Sendable, Equatable {
  /// How it comes into force.
  enum Effect: String, Sendable {
    /// At once, for whatever runs.
    case hot
    /// By starting the stage anew beside the old one.
    case rebuild
    /// Only by starting the daemon anew.
    case restart
  }

  /// Where it stands: `server.limits.max_frame`, `pipeline.rate_limit.burst`.
  let path: String
  let effect: Effect
  /// What it was and what it is to be; never a secret.
  let detail: String

  func write(to item: inout JSONObjectWriter, isOpen: Bool) {
    item.member("path", path)
    item.member("effect", effect.rawValue)
    if !isOpen { item.member("detail", detail) }
  }
}

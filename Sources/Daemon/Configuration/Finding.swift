import Pipeline

/// Something about the value of a key that the file alone does not show.
struct Finding: Sendable {
  /// The key, with dots between it and those that it is within.
  let key: String
  let text: String
  let severity: Fault.Severity
}

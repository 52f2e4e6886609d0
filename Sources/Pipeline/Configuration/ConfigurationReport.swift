/// Where a stage reports what is wrong with its configuration, by key.
public struct ConfigurationReport: Sendable {
  /// What is wrong, and how badly.
  public struct Finding: Sendable, Equatable {
    /// Whether it keeps the chain from working, or is merely dubious.
    public let severity: Fault.Severity
    /// The key of the stage's entry that it is about; `nil` for the stage as a whole.
    public let key: String?
    /// The item of that key's list, or the key of its mapping, that it is about; `nil` for its value as a whole.
    public let item: String?
    /// What is wrong, in words for the operator.
    public let message: String
  }

  /// What was reported, in order.
  public private(set) var findings: [Finding] = []
  /// Where the chain is to run.
  public let setting: ChainSetting

  /// An empty report for a chain that is to run in `setting`.
  public init(setting: ChainSetting) { self.setting = setting }

  /// Reports what keeps the chain from working.
  public mutating func error(_ message: String, key: String? = nil, item: String? = nil) {
    findings.append(Finding(severity: .error, key: key, item: item, message: message))
  }

  /// Reports what works but is dubious.
  public mutating func warning(_ message: String, key: String? = nil, item: String? = nil) {
    findings.append(Finding(severity: .warning, key: key, item: item, message: message))
  }
}

/// What the surroundings of a chain allow.
public struct ChainSetting: Sendable, Equatable {
  /// Whether a missing secret may be made at random: only with embedded store and state, and not under systemd.
  public var mayMakeSecrets: Bool

  /// A setting by what it allows.
  public init(mayMakeSecrets: Bool) { self.mayMakeSecrets = mayMakeSecrets }
}

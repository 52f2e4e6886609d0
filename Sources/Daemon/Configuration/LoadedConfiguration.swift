import Glibc
import Pipeline

/// A configuration file that was read and checked.
struct LoadedConfiguration: Sendable {
  /// What a file without errors says.
  struct Content: Sendable {
    let daemon: DaemonConfiguration
    let plan: ChainPlan
    /// The file itself, its variables filled in.
    let root: YAMLNode
  }

  /// What the file says; `nil` where it has errors.
  let content: Content?
  /// All that was found, also what only follows from something else.
  private var found: [Fault]
  /// The faults for people and for programs.
  private(set) var report: FaultReport
  private let path: String
  private let source: [UInt8]
  private var root: YAMLNode?

  /// The path of the daemon's control socket, as far as the file can be read.
  var controlPath: SocketPath {
    if case .scalar(let text, _)? = root?["control"]?.value, let path = SocketPath(text) { return path }
    return .usual(ProcessEnvironment.variables)
  }

  /// What is wrong or dubious.
  var faults: [Fault] { report.faults }
  var hasErrors: Bool { faults.contains { $0.severity == .error } }

  /// Changes what a file holds before it is checked.
  typealias Adaptation = (_ file: inout ConfigurationFile, _ faults: inout [Fault]) -> Void

  /// Reads and checks a file. Blocks while it reads.
  init(
    _ path: String, _ registry: StageRegistry, environment: [String: String],
    adapting adapt: Adaptation = { _, _ in }
  ) {
    var faults: [Fault] = []
    var source: [UInt8] = []
    do throws(FileError) {
      source = try File.read(path, limit: 1 << 20)
    } catch {
      faults.append(Fault(Mark(line: 1, column: 1), "the file \(error.reason)"))
      report = FaultReport(file: path, source: [], faults: faults)
      (content, found, self.path, self.source) = (nil, faults, path, [])
      return
    }
    (self.path, self.source) = (path, source)
    content = Self.read(source, registry, environment, adapt, &faults, &root)
    found = faults
    report = FaultReport(file: path, source: source, faults: faults)
  }

  /// Adds what was found out about the values of keys after the file was read.
  mutating func add(_ findings: [Finding]) {
    for finding in findings {
      let value = finding.key.split(separator: ".").reduce(root) { $0?[String($1)] }
      let mark = value?.mark ?? root?.mark ?? Mark(line: 1, column: 1)
      found.append(Fault(mark, finding.text, severity: finding.severity))
    }
    report = FaultReport(file: path, source: source, faults: found)
  }

  private static func read(
    _ source: [UInt8], _ registry: StageRegistry, _ environment: [String: String], _ adapt: Adaptation,
    _ faults: inout [Fault], _ root: inout YAMLNode?
  ) -> Content? {
    guard var file = ConfigurationFile(source, environment: environment, &faults) else { return nil }
    adapt(&file, &faults)
    root = file.root
    let daemon = file.decode(DaemonConfiguration.self, without: "pipeline", &faults)
    if let daemon {
      faults += daemon.faults(in: file.root, unread: faults.hidden, at: EngineClock.system.wall())
    }
    guard let list = file.root["pipeline"] else {
      faults.append(Fault(file.root.mark, "'pipeline' is missing: the list of the chain's stages"))
      return nil
    }
    let isEmbedded = daemon.map { $0.storeURL.isEmbedded && $0.stateURL.isEmbedded } ?? true
    let setting = ChainSetting(mayMakeSecrets: isEmbedded && environment["INVOCATION_ID"] == nil)
    let plan = ChainPlan(list, registry, setting, &faults)
    guard let daemon, !faults.contains(where: { $0.severity == .error }) else { return nil }
    return Content(daemon: daemon, plan: plan, root: file.root)
  }
}

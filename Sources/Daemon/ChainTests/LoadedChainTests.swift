import Pipeline

/// A file of chain tests that was read and checked, with the configuration that it names.
struct LoadedChainTests: Sendable {
  /// What can be run.
  struct Content: Sendable {
    let tests: [ChainTest]
    let configuration: LoadedConfiguration.Content
    /// Where the secret is, for as long as there are chains that read it.
    let folder: TemporaryFolder
    /// What the tests' tokens are signed with.
    let secret: [UInt8]
  }

  /// `nil` where there are faults.
  let content: Content?
  /// The faults, of the configuration and of the tests.
  let report: String
  private let path: String
  private let source: [UInt8]

  /// The daemon's own stages, behind those of every chain.
  private static let ownStages = [Greet.name, Read.name, Pong.name]

  /// Reads a file and the configuration that it names. Blocks while it reads.
  ///
  /// - Throws: what keeps a secret for the tests from being made.
  init(_ path: String, _ registry: StageRegistry, environment: [String: String]) throws {
    let folder = try TemporaryFolder()
    self.path = path
    var faults: [Fault] = []
    do throws(FileError) { source = try File.read(path, limit: 1 << 20) } catch {
      source = []
      content = nil
      let fault = Fault(Mark(line: 1, column: 1), "the file \(error.reason)")
      report = FaultReport(file: path, source: [], faults: [fault]).text
      return
    }
    let file = ConfigurationFile(source, environment: environment, &faults)
    let decoded = file.flatMap { $0.decode(ChainTestFile.self, &faults) }
    var tested: TestedConfiguration?
    // What was missing or no text has been said, and left nothing to read.
    if let config = decoded?.config, !config.value.isEmpty {
      tested = try TestedConfiguration(
        Self.path(config.value, besides: path), registry, environment: environment, in: folder)
    }
    let configuration = tested?.loaded.content
    // What was put in the place of values that can't be read is not to be judged.
    if let decoded, let file, faults.isEmpty {
      let stages = configuration.map { $0.plan.entries.map(\.name) + Self.ownStages }
      faults += decoded.faults(stages: stages, at: file.root.mark)
    }
    let errors = tested.flatMap { $0.loaded.content == nil ? $0.loaded.report.text : nil } ?? ""
    report = errors + FaultReport(file: path, source: source, faults: faults).text
    guard let decoded, let configuration, let tested, faults.isEmpty else {
      content = nil
      return
    }
    content = Content(
      tests: decoded.tests, configuration: configuration, folder: folder, secret: tested.secret)
  }

  /// What was not met, as faults are reported.
  func text(of mismatches: [Mismatch]) -> String {
    FaultReport(file: path, source: source, faults: mismatches.map { Fault($0.mark, $0.message) }).text
  }

  /// A path that counts from the folder of another file.
  private static func path(_ path: String, besides other: String) -> String {
    guard !path.hasPrefix("/"), let slash = other.lastIndex(of: "/") else { return path }
    return String(other[...slash]) + path
  }
}

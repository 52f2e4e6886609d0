import ArgumentParser
import Glibc

/// `sluice build`.
struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build a daemon that has stages of your own.",
    discussion: """
      Example: sluice build --with ./Profanity --with https://example.org/stages.git@1.2.0 -o sluice-profanity

      A package of stages is a Swift package with a library whose module holds \
      'public let stages: [any Stage.Type]', as 'sluice stage new' writes it. What is written after -- goes to \
      'swift build', as in: -- --static-swift-stdlib
      """)

  enum Configuration: String, ExpressibleByArgument, CaseIterable { case debug, release }

  @Option(
    name: .customLong("with"),
    help: "A package of stages: PATH or URL[@VERSION]; may be given several times.",
    completion: .directory)
  var packages: [String] = []

  @Option(name: [.short, .long], help: "The daemon's file.", completion: .file())
  var output = "sluice"

  @Option(
    help: ArgumentHelp(
      "Sluice's own source: PATH or URL[@VERSION].",
      discussion:
        "Default: SLUICE_SOURCE, or the source that this program lies in, or that around this folder."),
    completion: .directory)
  var sluice: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("How it is built.", discussion: "Default: SLUICE_BUILD_CONFIGURATION, or release."))
  var configuration: Configuration?

  @Option(
    help: ArgumentHelp(
      "Where the daemon's package is written and built.",
      discussion: "Default: SLUICE_BUILD_FOLDER, or sluice/build in the user's folder of caches."),
    completion: .directory)
  var folder: String?

  @Option(
    help: ArgumentHelp(
      "Where what is compiled is kept.", discussion: "Default: SLUICE_SCRATCH_PATH, or .build in --folder."),
    completion: .directory)
  var scratchPath: String?

  @Argument(parsing: .postTerminator, help: "Options for 'swift build'.")
  var options: [String] = []

  func run() throws {
    let environment = ProcessEnvironment.variables
    let source = try SluiceSource.find(sluice, environment: environment)
    let folder = try Self.folder(folder, environment)
    let sources = try packages.map(PackageSource.init)
    let scratch = scratchPath ?? environment["SLUICE_SCRATCH_PATH"] ?? "\(folder)/.build"
    let places = try Self.places(of: sources, folder: folder, scratch: scratch, source)
    let described = try zip(sources, places).map { source, place in
      try StagePackage(
        source,
        manifest: SwiftTool.output(
          of: ["package", "--package-path", place, "--scratch-path", scratch, "dump-package"]))
    }
    let package = DaemonPackage(sluice: source, packages: described)
    try Self.write(package, to: folder)
    let configuration = try configuration ?? Self.configuration(environment)
    let arguments =
      ["build", "--package-path", folder, "--scratch-path", scratch]
      + ["--configuration", configuration.rawValue, "--product", DaemonPackage.product] + options
    try SwiftTool.run(arguments, hint: "; each module of stages has to hold '\(StagePackage.convention)'")
    let printed = try SwiftTool.output(of: arguments + ["--show-bin-path"])
    let built = String(decoding: printed, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
    try TextFile.install("\(built)/\(DaemonPackage.product)", at: output)
    print("built \(output); '\(output.contains("/") ? "" : "./")\(output) stages' lists its stages")
  }

  /// Where the manifests of packages are; those of repositories are fetched first.
  private static func places(
    of sources: [PackageSource], folder: String, scratch: String, _ sluice: PackageSource
  ) throws -> [String] {
    let repositories = sources.filter { if case .repository = $0 { true } else { false } }
    var fetched: [String: String] = [:]
    if !repositories.isEmpty {
      let fetching = "\(folder)/fetched"
      try TextFile.write(
        DaemonPackage.manifest(fetching: repositories, for: sluice), to: "\(fetching)/Package.swift")
      fetched = StagePackage.folders(
        graph: try SwiftTool.output(
          of: ["package", "--package-path", fetching, "--scratch-path", scratch]
            + ["show-dependencies", "--format", "json"]))
    }
    return try sources.map { source in
      if case .folder(let path) = source { return path }
      guard let path = fetched[source.identity.lowercased()] else {
        throw CommandError("the package '\(source.identity)' can't be fetched")
      }
      return path
    }
  }

  /// Writes a package, without the files of modules that an earlier one had.
  private static func write(_ package: DaemonPackage, to folder: String) throws {
    let sources = "\(folder)/Sources/\(DaemonPackage.product)"
    try TextFile.makeFolder(sources)
    let files = package.files.map { (path: "\(folder)/\($0.path)", text: $0.text) }
    for name in try TextFile.names(in: sources)
    where !files.contains(where: { $0.path == "\(sources)/\(name)" }) {
      unlink("\(sources)/\(name)")
    }
    for file in files { try TextFile.write(file.text, to: file.path) }
    guard case .folder(let path) = package.sluice else { return }
    try TextFile.copyPins(from: path, to: folder)
  }

  private static func configuration(_ environment: [String: String]) throws -> Configuration {
    guard let name = environment["SLUICE_BUILD_CONFIGURATION"] else { return .release }
    guard let configuration = Configuration(rawValue: name) else {
      throw CommandError("SLUICE_BUILD_CONFIGURATION is debug or release, not '\(name)'")
    }
    return configuration
  }

  private static func folder(_ given: String?, _ environment: [String: String]) throws -> String {
    if let folder = given ?? environment["SLUICE_BUILD_FOLDER"], !folder.isEmpty { return folder }
    if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty { return "\(caches)/sluice/build" }
    guard let home = environment["HOME"], !home.isEmpty else {
      throw CommandError("there is no HOME; name a folder to build in by --folder")
    }
    return "\(home)/.cache/sluice/build"
  }
}

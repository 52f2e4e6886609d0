import ArgumentParser
import Pipeline

/// `sluice check`.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check a configuration file and report all its faults.",
    discussion: """
      Example: sluice check pipeline.yaml

      Where the store and the state are servers, they are asked whether they can be used; --offline leaves that out.
      Exit codes: 0 no faults, 1 faults, 2 wrong usage.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: "The file.", completion: .file(extensions: ["yaml", "yml"]))
  var file = "pipeline.yaml"

  @Option(name: .long, help: "How to report.")
  var format = Format.text

  @Flag(name: .long, help: "Connect to nothing.")
  var offline = false

  func run() async throws {
    var loaded = LoadedConfiguration(
      file, CommandLineTool.registry, environment: ProcessEnvironment.variables)
    if !offline, let daemon = loaded.content?.daemon {
      loaded.add(await Backends.findings(daemon))
    }
    switch format {
    case .json: print(loaded.report.json, terminator: "")
    case .text: CommandLineTool.printError(String(loaded.report.text.dropLast()))
    }
    if loaded.hasErrors { throw ExitCode(1) }
    if format == .text { print("\(file): no faults that keep it from working") }
  }
}

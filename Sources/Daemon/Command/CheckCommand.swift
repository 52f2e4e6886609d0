import ArgumentParser
import Pipeline

/// `sluice check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check a configuration file and report all its faults.",
    discussion: "Example: sluice check pipeline.yaml\n\nExit codes: 0 no faults, 1 faults, 2 wrong usage.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: "The file.", completion: .file(extensions: ["yaml", "yml"]))
  var file = "pipeline.yaml"

  @Option(name: .long, help: "How to report.")
  var format = Format.text

  func run() throws {
    let loaded = LoadedConfiguration(
      file, CommandLineTool.registry, environment: ProcessEnvironment.variables)
    switch format {
    case .json: print(loaded.report.json, terminator: "")
    case .text: CommandLineTool.printError(String(loaded.report.text.dropLast()))
    }
    if loaded.hasErrors { throw ExitCode(1) }
    if format == .text { print("\(file): no faults that keep it from working") }
  }
}

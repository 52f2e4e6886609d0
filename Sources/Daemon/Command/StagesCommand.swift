import ArgumentParser
import Pipeline

/// `sluice stages`.
struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stages that a chain may be made of, with their keys.",
    discussion: "Example: sluice stages")

  func run() throws { print(StageCatalogue(CommandLineTool.registry).text, terminator: "") }
}

/// `sluice version`.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.", discussion: "Example: sluice version")

  func run() throws { print("sluice \(Sluice.version)") }
}

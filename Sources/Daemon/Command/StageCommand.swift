import ArgumentParser
import Glibc

/// `sluice stage`.
struct StageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stage", abstract: "Begin a stage of your own.",
    discussion: "Example: sluice stage new Profanity", subcommands: [NewStageCommand.self])
}

/// `sluice stage new`.
struct NewStageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a package with a stage, its configuration and a test that passes.",
    discussion: """
      Example: sluice stage new Profanity

      It goes into a new folder of that name. 'swift test' there tries the stage with no server; 'sluice build' makes \
      a daemon that has it.
      """)

  @Argument(help: "The stage's type, such as Profanity; in pipeline.yaml its name is then 'profanity'.")
  var name: String

  @Option(
    help: ArgumentHelp(
      "Sluice's own source: PATH or URL[@VERSION].",
      discussion:
        "Default: SLUICE_SOURCE, or the source that this program lies in, or that around this folder."),
    completion: .directory)
  var sluice: String?

  func run() throws {
    let source = try SluiceSource.find(sluice, environment: ProcessEnvironment.variables)
    let skeleton = try StageSkeleton(name, sluice: source)
    guard access(name, F_OK) != 0 else { throw CommandError("'\(name)' is there already") }
    for file in skeleton.files { try TextFile.write(file.text, to: "\(name)/\(file.path)") }
    if case .folder(let path) = source { try TextFile.copyPins(from: path, to: name) }
    print(
      """
      wrote \(name)/Sources/\(name)/\(name).swift and its test; next:
        swift test --package-path \(name)
        sluice build --with ./\(name) -o sluice-\(skeleton.stageName)
      """)
  }
}

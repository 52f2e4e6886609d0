import ArgumentParser
import Glibc
import Pipeline
import Synchronization

/// The command line, run with the stages of a `main`.
enum CommandLineTool {
  /// The stages of this process: set once, before any command runs.
  private static let registered = Mutex(StageRegistry([]))

  static var registry: StageRegistry { registered.withLock { $0 } }

  static func run(_ registry: StageRegistry) async {
    registered.withLock { $0 = registry }
    // What is printed to a pipe whose reader has gone is an error, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try SluiceCommand.parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as CommandError {
      printError("sluice: \(error.message)")
      exit(error.code)
    } catch {
      // Usage errors are 2; asking for help is none.
      let code = SluiceCommand.exitCode(for: error)
      if code.isSuccess { SluiceCommand.exit(withError: error) }
      printError(SluiceCommand.fullMessage(for: error))
      exit(error is ExitCode ? code.rawValue : 2)
    }
  }

  static func printError(_ text: String) {
    guard !text.isEmpty else { return }
    var bytes = Array(text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}

/// Ends a command with one line on standard error.
struct CommandError: Error {
  let message: String
  let code: Int32

  init(_ message: String, code: Int32 = 1) {
    self.message = message
    self.code = code
  }
}

/// `sluice` itself.
struct SluiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "A messaging daemon whose every event flows through a chain of stages.",
    discussion: """
      sluice serve                          run the daemon with pipeline.yaml
      sluice listen --as bob                show bob's events as they come
      sluice send --as alice --to bob "hi"  send a message
      """,
    version: Sluice.version,
    subcommands: [
      ServeCommand.self, CheckCommand.self, TestCommand.self, PlanCommand.self, ReloadCommand.self,
      TopCommand.self, TapCommand.self, DeadLettersCommand.self, PushCommand.self, TokenCommand.self,
      SendCommand.self, ListenCommand.self, BenchCommand.self, StagesCommand.self, StageCommand.self,
      BuildCommand.self, MigrateCommand.self, VersionCommand.self,
    ])
}

/// The file that a command reads.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: .long, help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
  var config = "pipeline.yaml"

  /// The file, read and checked.
  func load() -> LoadedConfiguration {
    LoadedConfiguration(config, CommandLineTool.registry, environment: ProcessEnvironment.variables)
  }

  /// What the file says.
  ///
  /// - Throws: `CommandError` with the report where it has errors.
  func content(code: Int32 = 1) throws -> LoadedConfiguration.Content {
    let loaded = load()
    guard let content = loaded.content else {
      CommandLineTool.printError(String(loaded.report.text.dropLast()))
      throw ExitCode(code)
    }
    return content
  }
}

/// The environment of the process.
enum ProcessEnvironment {
  static var variables: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return variables
  }
}

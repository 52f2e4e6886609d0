import ArgumentParser
import NIOHTTP1
import Pipeline

/// `sluice push`.
struct PushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Try out the push services of the running daemon.",
    discussion: "Example: sluice push test --user bob", subcommands: [PushTestCommand.self])
}

/// `sluice push test`.
struct PushTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Send a notification to a user's devices now, and print what came back.",
    discussion: """
      Example: sluice push test --user bob

      Exit codes: 0 all were taken, 1 some were not or there is nothing to send to, 2 wrong usage.
      """)

  @Option(name: .long, help: "Whom to push to.")
  var user: String

  @Option(name: .long, help: "The push stage to use, by its name in the chain; all of them unless told.")
  var service: String?

  @OptionGroup var control: ControlOptions

  func run() async throws {
    let target =
      "/push/test?user=\(ControlClient.escaped(user))"
      + (service.map { "&service=\(ControlClient.escaped($0))" } ?? "")
    let path = try control.path()
    let (isOK, answer) = try await ControlClient.with(path) { try await $0.ask(.POST, target) }
    guard isOK else { throw CommandError(answer["detail"]?.string ?? "the daemon refused") }
    let trials = answer["trials"]?.array ?? []
    guard !trials.isEmpty else { throw CommandError("'\(user.printable)' has no device registered") }
    for trial in trials {
      func word(_ key: String) -> String { (trial[key]?.string ?? "").printable }
      let detail = word("detail").isEmpty ? "" : "  \(word("detail"))"
      print(
        "\(word("service"))  \(word("target"))  \(word("result"))  \(trial["milliseconds"]?.integer ?? 0) ms\(detail)"
      )
    }
    if trials.contains(where: { $0["sent"] != .bool(true) }) { throw ExitCode(1) }
  }
}

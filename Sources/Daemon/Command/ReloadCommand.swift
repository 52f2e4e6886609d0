import ArgumentParser
import NIOHTTP1
import Pipeline

/// `sluice reload`.
struct ReloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Have the running daemon put its file in force, and say what came of it.",
    discussion: """
      Example: sluice reload --config /etc/sluice/pipeline.yaml

      Exit codes: 0 the new chain is in force, 1 it is not and nothing has changed, 2 wrong usage.
      """)

  @OptionGroup var control: ControlOptions

  @Flag(inversion: .prefixedNo, help: "Wait for the verdict.")
  var wait = true

  func run() async throws {
    let path = try control.path()
    let (isOK, verdict) = try await ControlClient.with(path) { client in
      try await client.ask(.POST, wait ? "/reload" : "/reload?wait=0")
    }
    guard wait || !isOK else { return }
    CommandLineTool.printError(String((verdict["diagnostics"]?.string ?? "").dropLast()))
    guard isOK else {
      throw CommandError(
        verdict["error"]?.string ?? verdict["detail"]?.string ?? "the daemon's answer can't be read")
    }
    print("revision \(verdict["revision"]?.integer ?? 0) is in force")
    for change in ChangeTable(verdict["changes"]).lines { print(change) }
  }
}

/// `sluice plan`.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a reload of the running daemon would change.",
    discussion: """
      Example: sluice plan

      hot: takes effect at once; rebuild: the stage is started anew beside the old one; restart: only a restart of the
      daemon brings it into force. Exit codes: 0 the file could be put in force, 1 it has faults, 2 wrong usage.
      """)

  @OptionGroup var control: ControlOptions

  func run() async throws {
    let path = try control.path()
    let (isOK, plan) = try await ControlClient.with(path) { try await $0.ask(.GET, "/plan") }
    CommandLineTool.printError(String((plan["diagnostics"]?.string ?? "").dropLast()))
    if let problem = plan["detail"]?.string { throw CommandError(problem) }
    guard isOK else { throw ExitCode(1) }
    let lines = ChangeTable(plan["changes"]).lines
    print(
      lines.isEmpty
        ? "nothing would change; files and certificates would be read again" : lines.joined(separator: "\n"))
  }
}

/// Changes as a table for people.
struct ChangeTable {
  let lines: [String]

  init(_ changes: JSONValue?) {
    let rows = (changes?.array ?? []).map { change in
      (
        effect: change["effect"]?.string ?? "", path: change["path"]?.string ?? "",
        detail: (change["detail"]?.string ?? "").printable
      )
    }
    let width = rows.map(\.path.count).max() ?? 0
    lines = rows.map { "  \($0.effect.column(8)) \($0.path.column(width))  \($0.detail)" }
  }
}

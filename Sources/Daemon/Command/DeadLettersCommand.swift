import ArgumentParser
import NIOHTTP1
import Pipeline

/// `sluice dead-letters`.
struct DeadLettersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "Look after events that a stage has failed on, kept by 'on_error: dead_letter'.",
    discussion: "Example: sluice dead-letters list",
    subcommands: [ListLetters.self, ShowLetter.self, ReplayLetters.self, DropLetters.self],
    defaultSubcommand: ListLetters.self)
}

/// `sluice dead-letters list`.
struct ListLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List them, oldest first, without what they say.",
    discussion: "Example: sluice dead-letters list --limit 20")

  @OptionGroup var control: ControlOptions

  @Option(name: .long, help: "How many at most.")
  var limit = 100

  @Option(name: .long, help: "Begin behind this one.")
  var after: Int?

  @Flag(name: .long, help: "Print each as a line of JSON.")
  var json = false

  func run() async throws {
    let target = "/dead-letters?limit=\(limit)" + (after.map { "&after=\($0)" } ?? "")
    let path = try control.path()
    let (isOK, answer) = try await ControlClient.with(path) { try await $0.ask(.GET, target) }
    guard isOK else { throw CommandError(answer["detail"]?.string ?? "the daemon refused") }
    let letters = answer["letters"]?.array ?? []
    if json { return letters.forEach { print($0.text) } }
    guard !letters.isEmpty else { return print("there are none") }
    for letter in letters { print(Self.line(letter)) }
  }

  private static func line(_ letter: JSONValue) -> String {
    func word(_ key: String) -> String { (letter[key]?.string ?? "-").printable }
    let id = letter["id"]?.number ?? "?"
    let isStored = letter["stored"] == .bool(true)
    let stored = isStored ? "  stored" + (letter["messageId"] == nil ? "" : " as \(word("messageId"))") : ""
    return "\(id.right(6))  \(word("at"))  \(word("type").column(14))  \(word("user").column(12))  "
      + "\(word("stage")): \(word("error"))\(stored)"
  }
}

/// `sluice dead-letters show`.
struct ShowLetter: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print one whole, as JSON: what it says included.",
    discussion: "Example: sluice dead-letters show 17")

  @Argument(help: "The letter's number.")
  var id: Int

  @OptionGroup var control: ControlOptions

  func run() async throws {
    let path = try control.path()
    let (isOK, letter) = try await ControlClient.with(path) {
      try await $0.ask(.GET, "/dead-letters/\(id)")
    }
    guard isOK else { throw CommandError(letter["detail"]?.string ?? "the daemon refused") }
    print(letter.text)
  }
}

/// `sluice dead-letters replay`.
struct ReplayLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Try events again; what goes well is dropped.",
    discussion: """
      Example: sluice dead-letters replay 17 18

      An event that was not taken goes through the whole chain in its sender's name; one that is stored already goes to
      the stage alone that has failed on it. Exit codes: 0 all went well, 1 some did not and are kept.
      """)

  @OptionGroup var selection: LetterSelection

  func run() async throws {
    try await selection.each("replayed") { client, id in
      try await client.ask(.POST, "/dead-letters/\(id)/replay")
    }
  }
}

/// `sluice dead-letters drop`.
struct DropLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Drop events for good.",
    discussion: "Example: sluice dead-letters drop 17 18")

  @OptionGroup var selection: LetterSelection

  func run() async throws {
    try await selection.each("dropped") { client, id in
      try await client.ask(.DELETE, "/dead-letters/\(id)")
    }
  }
}

/// Which letters a command is for.
struct LetterSelection: ParsableArguments {
  @Argument(help: "The letters' numbers.")
  var ids: [Int] = []

  @Flag(name: .long, help: "All that there are now.")
  var all = false

  @OptionGroup var control: ControlOptions

  func validate() throws {
    guard all == ids.isEmpty else { throw ValidationError("name letters by their numbers, or --all") }
  }

  /// Asks the same of each, says what came of it, and ends with 1 where one was refused.
  func each(
    _ done: String, _ ask: @Sendable (ControlClient, Int) async throws -> (isOK: Bool, body: JSONValue)
  ) async throws {
    let path = try control.path()
    let failures = try await ControlClient.with(path) { client in
      var (failures, last) = (0, 0)
      var waiting = ids
      if all { waiting = try await Self.page(client, after: last) }
      while !waiting.isEmpty {
        for id in waiting {
          let (isOK, body) = try await ask(client, id)
          if isOK { print("\(id) \(done)") } else { failures += 1 }
          if !isOK { CommandLineTool.printError("\(id) stays: \(body["detail"]?.string ?? "refused")") }
          last = id
        }
        waiting = all ? try await Self.page(client, after: last) : []
      }
      return failures
    }
    if failures > 0 { throw ExitCode(1) }
  }

  private static func page(_ client: ControlClient, after: Int) async throws -> [Int] {
    let (isOK, answer) = try await client.ask(.GET, "/dead-letters?limit=1000&after=\(after)")
    guard isOK else { throw CommandError(answer["detail"]?.string ?? "the daemon refused") }
    return (answer["letters"]?.array ?? []).compactMap { $0["id"]?.integer }
  }
}

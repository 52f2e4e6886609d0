import Glibc

/// `hot-path SCENARIO ROUNDS` makes a scenario's work ready and does so many rounds of it: what two runs with different
/// numbers of rounds differ by is those rounds alone. Without arguments it lists the scenarios, each with the number of
/// events in a round.
@main struct Main {
  /// Until nothing grows any more: tables are as full as they get, buffers as large.
  private static let warmUp = 24

  @MainActor static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.isEmpty {
      for scenario in scenarios { print(scenario.name, scenario.eventsPerRound) }
      return
    }
    guard arguments.count == 2, let rounds = Int(arguments[1]),
      let kind = scenarios.first(where: { $0.name == arguments[0] })
    else {
      print("usage: hot-path [SCENARIO ROUNDS]")
      exit(64)
    }
    try run(kind, rounds)
  }

  @MainActor private static func run<Kind: Scenario>(_ kind: Kind.Type, _ rounds: Int) throws {
    var scenario = try Kind()
    _ = try measured(&scenario, warmUp)
    let dealtWith = try measured(&scenario, rounds)
    precondition(dealtWith == rounds * Kind.eventsPerRound, "events were left over")
  }

  @MainActor @inline(never)
  private static func measured<Kind: Scenario>(_ scenario: inout Kind, _ rounds: Int) throws -> Int {
    var dealtWith = 0
    for _ in 0..<rounds { dealtWith += try scenario.round() }
    return dealtWith
  }
}

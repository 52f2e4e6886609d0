import ArgumentParser
import NIOCore

/// What load `sluice bench` puts on a daemon.
struct BenchOptions: ParsableArguments {
  @Option(name: .long, help: "How clients speak: \(WireKind.choice).")
  var wire = "websocket"

  @Option(
    name: .long,
    help: "Pairs of clients that write to each other (default: 100, where no other load is asked).")
  var pairs: Int?

  @Option(name: .long, help: "Clients that all write to one.")
  var senders: Int?

  @Option(name: .long, help: "Clients that watch one who comes and goes.")
  var watchers: Int?

  @Option(name: .long, help: "Clients that come back all at once, each to messages that it has missed.")
  var storm: Int?

  @Option(name: .long, help: "Messages that each client has in flight (default: 8).")
  var depth: Int?

  @Option(name: .long, help: "Messages a second of all clients together, in place of --depth.")
  var rate: Double?

  @Option(name: .long, help: "Bytes of a message's content.")
  var content = 100

  @Flag(name: .long, help: "Answer each message with a delivered and a read receipt.")
  var receipts = false

  @Option(name: .long, help: "The share of messages, from 0 to 1, that are sent twice under one number.")
  var duplicates: Double?

  @Option(
    name: .long,
    help:
      "Clients that are written to besides the pairs, one sender each, and do not read; it is measured twice as long."
  )
  var slow: Int?

  @Option(name: .long, help: "How often a second the one who is watched comes or goes (default: 2).")
  var changes: Double?

  @Option(name: .long, help: "Messages that each client of a storm has missed (default: 1).")
  var missed: Int?

  @Option(name: .long, help: "Clients that connect besides, and stay silent.")
  var idle = 0

  @Option(name: .long, help: "Threads of the load (default: half the cores).")
  var loops: Int?

  @Option(name: .long, help: "Seconds before the measured time (default: 2).")
  var warmUp: Double?

  @Option(name: .long, help: "Seconds that are measured (default: 8).")
  var seconds: Double?

  @Option(name: .long, help: "Seconds to wait at the end for what is still to come.")
  var patience = 20.0

  func validate() throws {
    try checkRanges()
    let asked = [("--pairs", pairs), ("--senders", senders), ("--watchers", watchers), ("--storm", storm)]
      .filter { $0.1 != nil }.map(\.0)
    if asked.count > 1 { throw ValidationError("\(asked[0]) can't go together with \(asked[1])") }
    let kind = asked.first ?? "--pairs"
    try checkFit(to: kind)
    try checkWire(kind)
    if kind == "--pairs", (pairs ?? 1) + idle + (slow ?? 0) == 0 {
      throw ValidationError("there is nobody to connect: --pairs and --idle are both 0")
    }
  }

  private func checkRanges() throws {
    func check<Number: Comparable>(
      _ name: String, _ value: Number?, _ range: ClosedRange<Number>, _ words: String
    )
      throws
    {
      if let value, !range.contains(value) { throw ValidationError("--\(name) wants a number from \(words)") }
    }
    try check("pairs", pairs, 0...100_000, "0 to 100000")
    try check("senders", senders, 1...100_000, "1 to 100000")
    try check("watchers", watchers, 1...100_000, "1 to 100000")
    try check("storm", storm, 1...1_000_000, "1 to 1000000")
    try check("idle", idle, 0...1_000_000, "0 to 1000000")
    try check("slow", slow, 1...10_000, "1 to 10000")
    try check("depth", depth, 1...10_000, "1 to 10000")
    try check("rate", rate, 0.1...10_000_000, "0.1 to 10000000")
    try check("duplicates", duplicates, 0...1, "0 to 1")
    try check("changes", changes, 0.1...1000, "0.1 to 1000")
    try check("missed", missed, 1...10_000, "1 to 10000")
    try check("loops", loops, 1...1024, "1 to 1024")
    try check("seconds", seconds, 0.1...86_400, "0.1 to 86400")
    try check("patience", patience, 0...3600, "0 to 3600")
    try check("warm-up", warmUp, 0...3600, "0 to 3600")
    let contents = BenchPlan.contentBytesMin...BenchPlan.contentBytesMax
    try check("content", content, contents, "\(contents.lowerBound) to \(contents.upperBound)")
  }

  /// Each option wants certain loads.
  private func checkFit(to kind: String) throws {
    let (messages, timed) = (["--pairs", "--senders"], ["--pairs", "--senders", "--watchers"])
    let given: [(name: String, isGiven: Bool, kinds: [String])] = [
      ("--depth", depth != nil, messages), ("--rate", rate != nil, messages),
      ("--receipts", receipts, messages), ("--duplicates", duplicates != nil, messages),
      ("--slow", slow != nil, ["--pairs"]), ("--changes", changes != nil, ["--watchers"]),
      ("--missed", missed != nil, ["--storm"]), ("--idle", idle > 0, timed),
      ("--seconds", seconds != nil, timed), ("--warm-up", warmUp != nil, timed),
    ]
    for option in given where option.isGiven && !option.kinds.contains(kind) {
      throw ValidationError("\(option.name) can't go together with \(kind)")
    }
    if depth != nil, rate != nil { throw ValidationError("--depth can't go together with --rate") }
  }

  private func checkWire(_ kind: String) throws {
    guard let wire = WireKind(rawValue: wire) else {
      throw ValidationError("--wire wants \(WireKind.choice)")
    }
    let wanting = slow != nil ? "--slow" : kind
    if !wire.hasSync, ["--slow", "--watchers", "--storm"].contains(wanting) {
      throw ValidationError("\(wanting) wants --wire websocket: no other has a sync and tells of presence")
    }
    if receipts, !wire.hasReceipts { throw ValidationError("--receipts wants --wire websocket or socket.io") }
    if !wire.takesAgain, duplicates != nil {
      throw ValidationError(
        "--duplicates wants --wire websocket or socket.io: no other knows a message by its number")
    }
  }

  /// The load that is asked for.
  func plan(_ addresses: [ListenAddress], isEncrypted: Bool) -> BenchPlan {
    var plan = BenchPlan(addresses: addresses)
    plan.isEncrypted = isEncrypted
    plan.wire = WireKind(rawValue: wire) ?? plan.wire
    plan.load = load
    plan.depth = depth ?? plan.depth
    plan.rate = rate
    plan.contentBytes = content
    plan.sendsReceipts = receipts
    plan.duplicates = duplicates ?? 0
    plan.slow = slow ?? 0
    plan.idle = idle
    plan.loops = loops ?? max(1, System.coreCount / 2)
    plan.warmUp = warmUp.map { .seconds($0) } ?? plan.warmUp
    plan.measured = seconds.map { .seconds($0) } ?? plan.measured
    plan.patience = .seconds(patience)
    return plan
  }

  private var load: BenchPlan.Load {
    if let senders { return .hotReceiver(senders: senders) }
    if let watchers { return .presence(watchers: watchers, changesPerSecond: changes ?? 2) }
    if let storm { return .storm(clients: storm, missed: missed ?? 1) }
    return .pairs(pairs ?? 100)
  }
}

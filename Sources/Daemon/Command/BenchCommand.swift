import ArgumentParser
import Pipeline
import Stages

/// `sluice bench`.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Put a load on a daemon, and measure what it answers.",
    discussion: """
      Example: sluice bench --pairs 100 --depth 8 --seconds 10

      Pairs of clients write to each other both ways: each with so many messages in flight, or all together at a rate,
      whatever comes back; latencies then count from the moment when a message was due. Every message is looked for: \
      the command fails where one has no answer, or was acknowledged and did not come, came twice or out of order.
      With --wire it speaks to other servers than Sluice: to NATS with a stream `chat` of the subjects `chat.*`, to an \
      MQTT broker, or to an XMPP server of the domain `localhost` that takes tokens as passwords.
      A rate limit counts for this load as for any: the one of pipeline.yaml takes 50 messages a second of each client.
      """)

  @Option(name: .long, help: "The daemon's address; given more than once, pairs are spread over the nodes.")
  var at: [String] = []

  @Option(name: .long, help: "How clients speak: \(WireKind.choice).")
  var wire = "websocket"

  @Option(name: .long, help: "Pairs of clients that write to each other.")
  var pairs = 100

  @Option(name: .long, help: "Messages that each client has in flight.")
  var depth = 8

  @Option(name: .long, help: "Messages a second of all clients together, in place of --depth.")
  var rate: Double?

  @Option(name: .long, help: "Bytes of a message's content.")
  var content = 100

  @Flag(name: .long, help: "Answer each message with a delivered and a read receipt.")
  var receipts = false

  @Option(name: .long, help: "Clients that connect besides, and stay silent.")
  var idle = 0

  @Option(name: .long, help: "Seconds before the measured time.")
  var warmUp = 2.0

  @Option(name: .long, help: "Seconds that are measured.")
  var seconds = 8.0

  @Option(name: .long, help: "Seconds to wait at the end for what is still to come.")
  var patience = 20.0

  @Option(name: .long, help: "A process to watch the CPU and memory of; may be given more than once.")
  var watch: [Int32] = []

  @Flag(name: .long, help: "Print one object of JSON.")
  var json = false

  @Option(
    name: .long,
    help: "A secret to sign tokens with by HS256, in place of that of the configuration; wants --at.",
    completion: .file())
  var secretFile: String?

  @OptionGroup var options: ConfigurationOptions

  func validate() throws {
    guard let kind = WireKind(rawValue: wire) else {
      throw ValidationError("--wire wants \(WireKind.choice)")
    }
    if receipts, !kind.hasReceipts { throw ValidationError("--receipts wants --wire websocket or socket.io") }
    func check(_ name: String, _ isIn: Bool, _ range: String) throws {
      if !isIn { throw ValidationError("--\(name) wants a number from \(range)") }
    }
    try check("pairs", (0...100_000).contains(pairs), "0 to 100000")
    try check("idle", (0...1_000_000).contains(idle), "0 to 1000000")
    try check("depth", (1...10_000).contains(depth), "1 to 10000")
    try check("rate", rate.map { (0.1...10_000_000).contains($0) } ?? true, "0.1 to 10000000")
    try check("seconds", (0.1...86_400).contains(seconds), "0.1 to 86400")
    try check("patience", (0...3600).contains(patience), "0 to 3600")
    try check("warm-up", (0...3600).contains(warmUp), "0 to 3600")
    let contents = BenchPlan.contentBytesMin...BenchPlan.contentBytesMax
    try check("content", contents.contains(content), "\(contents.lowerBound) to \(contents.upperBound)")
    if secretFile != nil, at.isEmpty { throw ValidationError("--secret-file wants --at") }
    if pairs + idle == 0 {
      throw ValidationError("there is nobody to connect: --pairs and --idle are both 0")
    }
  }

  func run() async throws {
    let report: BenchReport
    if let secretFile {
      let mint = try Minting(ttl: "24h", secretFile: secretFile)
      report = try await measure(try addresses(), isEncrypted: false, mint)
    } else {
      let content = try options.content()
      let addresses = at.isEmpty ? [content.daemon.listen] : try addresses()
      report = try await measure(
        addresses, isEncrypted: content.daemon.server?.tls != nil, try Minting(ttl: "24h", content))
    }
    if json { print(report.json) } else { for line in report.lines { print(line) } }
    StandardOutput.flush()
    guard report.isSound else {
      throw CommandError("messages were lost, doubled or out of order, or connections were closed")
    }
  }

  private func measure(_ addresses: [ListenAddress], isEncrypted: Bool, _ mint: Minting) async throws
    -> BenchReport
  {
    var plan = BenchPlan(addresses: addresses)
    plan.isEncrypted = isEncrypted
    plan.wire = WireKind(rawValue: wire) ?? .websocket
    plan.pairs = pairs
    plan.depth = depth
    plan.rate = rate
    plan.contentBytes = content
    plan.sendsReceipts = receipts
    plan.idle = idle
    plan.warmUp = .seconds(warmUp)
    plan.measured = .seconds(seconds)
    plan.patience = .seconds(patience)
    OpenFiles.allowMany()
    return try await BenchRun(plan: plan, token: { try mint.token(for: $0) }, watched: watch).run()
  }

  private func addresses() throws -> [ListenAddress] {
    try at.map { text in
      guard let address = ListenAddress(text) else {
        throw CommandError("--at wants \(ListenAddress.form)", code: 2)
      }
      return address
    }
  }
}

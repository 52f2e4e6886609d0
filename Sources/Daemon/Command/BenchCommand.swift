import ArgumentParser
import Pipeline
import Stages

/// `sluice bench`.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Put a load on a daemon, and measure what it answers.",
    discussion: """
      Examples:
        sluice bench --pairs 100 --depth 8 --seconds 10
        sluice bench --senders 1000 --rate 5000
        sluice bench --watchers 1000 --changes 4
        sluice bench --storm 10000 --missed 3
        sluice bench --pairs 50 --slow 5

      Pairs of clients write to each other both ways, or many to one: each with so many messages in flight, or all \
      together at a rate, whatever comes back; latencies then count from the moment when a message was due. Or many \
      watch one who comes and goes, or come back all at once to what they have missed. Every message is looked for: \
      the command fails where one has no answer, or was acknowledged and did not come, came twice or out of order, or \
      where somebody does not know the last of what they watch.
      With --wire it speaks to other servers than Sluice: to NATS with a stream `chat` of the subjects `chat.*`, to an \
      MQTT broker, or to an XMPP server of the domain `localhost` that takes tokens as passwords.
      A rate limit counts for this load as for any: the one of pipeline.yaml takes 50 messages a second of each client.
      """)

  @OptionGroup var load: BenchOptions

  @Option(name: .long, help: "The daemon's address; given more than once, clients are spread over the nodes.")
  var at: [String] = []

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
    if secretFile != nil, at.isEmpty { throw ValidationError("--secret-file wants --at") }
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
    guard report.isSound else { throw CommandError(report.plan.load.complaint) }
  }

  private func measure(_ addresses: [ListenAddress], isEncrypted: Bool, _ mint: Minting) async throws
    -> BenchReport
  {
    OpenFiles.allowMany()
    let plan = load.plan(addresses, isEncrypted: isEncrypted)
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

import ArgumentParser
import Pipeline

/// Where a daemon is, and as whom to talk to it.
struct ChatOptions: ParsableArguments {
  @Option(name: .customLong("as"), help: "The user to be.")
  var user: String

  @Option(name: .long, help: "The daemon's address; by default the one in the configuration.")
  var at: String?

  @OptionGroup var options: ConfigurationOptions

  func connect() async throws -> ChatClient {
    let content = try options.content()
    let token = try Minting(ttl: "1h", content).token(for: user)
    let encrypted = content.daemon.server?.tls != nil
    guard let at else {
      return try await ChatClient(content.daemon.listen, encrypted: encrypted, token: token)
    }
    guard let address = ListenAddress(at) else {
      throw CommandError("--at wants \(ListenAddress.form)", code: 2)
    }
    return try await ChatClient(address, encrypted: encrypted, token: token)
  }
}

/// `sluice send`.
struct SendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send", abstract: "Send a message, and end when it is stored.",
    discussion: "Example: sluice send --as alice --to bob \"hi\"")

  @OptionGroup var chat: ChatOptions

  @Option(name: .long, help: "The receiver.")
  var to: String

  @Argument(help: "What to say.")
  var text: String

  func run() async throws {
    let client = try await chat.connect()
    let tempID = "cli-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    try await client.send(
      OutgoingEvent(.newMessage) { data in
        data.member("tempId", tempID)
        data.member("receiverId", to)
        data.member("content", text)
      })
    while let event = try await client.next() {
      let data = event["data"]
      guard data?["tempId"]?.string == tempID else { continue }
      switch event["type"]?.string {
      case "MESSAGE_SENT":
        print(data?["messageId"]?.string ?? "")
        return await client.close()
      case "ERROR":
        throw CommandError("\(data?["code"]?.string ?? "ERROR"): \(data?["message"]?.string ?? "")")
      default: continue
      }
    }
    throw CommandError("the daemon closed the connection before it took the message")
  }
}

/// `sluice listen`.
struct ListenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen", abstract: "Show a user's events as they come.",
    discussion: "Example: sluice listen --as bob")

  @OptionGroup var chat: ChatOptions

  @Flag(name: .long, help: "Print each event as a line of JSON.")
  var json = false

  func run() async throws {
    let client = try await chat.connect()
    while let event = try await client.next() {
      print(json ? event.text : ChatLine(event).text)
      StandardOutput.flush()
    }
  }
}

import ArgumentParser
import Pipeline

/// `sluice tap`.
struct TapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tap", abstract: "Show events as they pass, stage by stage.",
    discussion: """
      Example: sluice tap --user alice --verdict reject

      What events say is not shown without --content. What is more than --rate lines a second is dropped, and counted.
      """)

  @Option(name: .long, help: "Only events of this user; may be given more than once.")
  var user: [String] = []

  @Option(name: .long, help: "Only events of this type; may be given more than once.")
  var type: [String] = []

  @Option(name: .long, help: "Only this stage; may be given more than once.")
  var stage: [String] = []

  @Option(
    name: .long, help: "Only this verdict: continue, stop, reject, fault or end; may be given more than once."
  )
  var verdict: [String] = []

  @Option(name: .long, help: "The most lines a second.")
  var rate = TapFilter.usualRate

  @Flag(name: .long, help: "Show what events say.")
  var content = false

  @Flag(name: .long, help: "Print lines of JSON.")
  var json = false

  @OptionGroup var control: ControlOptions

  func run() async throws {
    var parameters = ["rate=\(rate)"]
    let named = [("user", user), ("type", type), ("stage", stage), ("verdict", verdict)]
    for (name, values) in named {
      parameters += values.map { "\(name)=\(ControlClient.escaped($0))" }
    }
    if content { parameters.append("content=1") }
    let path = try control.path()
    let target = "/tap?" + parameters.joined(separator: "&")
    let json = json
    try await ControlClient.with(path) { client in
      try await client.lines(target) { line in
        if json {
          print(line.text)
        } else if let text = TapText(line).text {
          print(text)
        }
        StandardOutput.flush()
      }
    }
    throw CommandError("the daemon has ended")
  }
}

/// A line of a tap for a person.
struct TapText {
  /// `nil` where there is nothing to say.
  let text: String?

  init(_ line: JSONValue) {
    func word(_ key: String) -> String { (line[key]?.string ?? "").printable }
    let time = word("at").dropFirst(11).dropLast()
    guard line["verdict"] != nil else {
      let dropped = line["dropped"]?.integer ?? 0
      text = dropped > 0 ? "\(time)  … \(dropped) lines were dropped" : nil
      return
    }
    let isEnd = line["verdict"]?.string == "end"
    var said = isEnd ? word("answer") : word("verdict")
    if line["obeyed"] != nil, said != "continue" { said = "would \(said)" }
    for key in ["code", "error"] where line[key] != nil { said += " \(word(key))" }
    let elapsed = "\(line["microseconds"]?.integer ?? 0) µs".right(10)
    let place = isEnd ? "=" : word("stage")
    text =
      "\(time)  \(word("user").column(12))  \(word("type").column(16))  \(place.column(14))  \(elapsed)  \(said)"
      + (line["data"].map { "  \($0.text.printable)" } ?? "")
  }
}

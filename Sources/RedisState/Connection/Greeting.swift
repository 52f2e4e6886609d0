/// What a connection says first, all in one flush: who it is, and what it needs set up.
struct Greeting: Sendable, Equatable {
  /// One command of it.
  enum Step: Sendable, Equatable {
    case hello
    case select
    case load(Int)
    case subscribe
  }

  var user: String?
  var password: String?
  var database = 0
  /// How the connection is called in the server's list of clients.
  var name = "sluice"
  /// The texts of the scripts to load.
  var scripts: [String] = []
  /// The channel to listen on; such a connection takes no commands.
  var channel: String?
  /// Whether the server belongs to a cluster: it may be a replica then, which knows its master, and the channel belongs
  /// to a slot.
  var isForCluster = false

  var steps: [Step] {
    var steps: [Step] = [.hello]
    if database != 0 { steps.append(.select) }
    steps += scripts.indices.map { .load($0) }
    if channel != nil { steps.append(.subscribe) }
    return steps
  }

  func write(_ step: Step, to writer: inout RESPWriter) {
    switch step {
    case .hello:
      // `HELLO` names the version of the protocol, enters, and tells what answers, in one command.
      writer.begin(password == nil ? 4 : 7)
      writer.word("HELLO")
      writer.word("2")
      if let password {
        writer.word("AUTH")
        writer.word(user ?? "default")
        writer.word(password)
      }
      writer.word("SETNAME")
      writer.word(name)
    case .select:
      writer.begin(2)
      writer.word("SELECT")
      writer.word(database)
    case .load(let index):
      writer.begin(3)
      writer.word("SCRIPT")
      writer.word("LOAD")
      writer.word(scripts[index])
    case .subscribe:
      writer.begin(2)
      writer.word(isForCluster ? "SSUBSCRIBE" : "SUBSCRIBE")
      writer.word(channel ?? "")
    }
  }

  /// What is wrong with the answer to a step, if anything.
  func fault(in reply: RESPValue, to step: Step) -> RedisError? {
    if case .error(let text) = reply { return Self.refusal(text, of: step) }
    guard step == .hello else { return nil }
    let words = reply.elements
    func value(of name: String) -> String? {
      words.firstIndex { $0.text == name }.flatMap {
        words.indices.contains($0 + 1) ? words[$0 + 1].text : nil
      }
    }
    guard let version = value(of: "version") else {
      return RedisError("what answers is not a Redis", isLasting: true)
    }
    guard let major = version.split(separator: ".").first.flatMap({ Int($0) }), major >= 7 else {
      return RedisError("Redis \(version) is too old: 7.0 or later is needed", isLasting: true)
    }
    if let fault = fault(of: value(of: "mode") ?? "") { return fault }
    if let role = value(of: "role"), role != "master", !isForCluster {
      return RedisError("this Redis is a replica, which takes no writes")
    }
    return nil
  }

  /// What is wrong with a server of this mode.
  private func fault(of mode: String) -> RedisError? {
    switch (mode, isForCluster) {
    case ("sentinel", _): RedisError("this is a Sentinel, which redis+sentinel:// is for", isLasting: true)
    case ("cluster", false): RedisError("this is a cluster, which redis+cluster:// is for", isLasting: true)
    case ("standalone", true): RedisError("this is no cluster, and redis:// is for it", isLasting: true)
    default: nil
    }
  }

  private static func refusal(_ text: String, of step: Step) -> RedisError {
    let code = text.prefix { $0 != " " }
    switch code {
    case "WRONGPASS": return RedisError("Redis refused the user or password", isLasting: true)
    case "NOAUTH": return RedisError("Redis asks for a password, and the URL has none", isLasting: true)
    case "NOPERM": return RedisError("Redis grants too little to this user: \(text)", isLasting: true)
    case "LOADING": return RedisError("Redis is loading its data")
    default: break
    }
    switch step {
    case .hello where text.contains("unknown command"):
      return RedisError("this Redis is too old: 7.0 or later is needed", isLasting: true)
    case .hello where text.contains("without any password configured"):
      return RedisError("the URL has a password, and Redis asks for none", isLasting: true)
    case .select: return RedisError("Redis has no such database: \(text)", isLasting: true)
    default: return RedisError("Redis refused to begin: \(text)")
    }
  }
}

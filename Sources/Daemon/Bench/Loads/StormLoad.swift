import NIOCore

/// Many who were connected come back at once, each to messages that it has missed.
///
/// First all connect, not too many at a time, which gives how many the server takes in a second; then all leave, are
/// written to, and come back as fast as this machine lets them, where only the server's listen queue holds them up.
struct StormLoad {
  let field: BenchField<StormShare>
  let clients: Int
  let missed: Int

  init(_ field: BenchField<StormShare>, clients: Int, missed: Int) {
    self.field = field
    self.clients = clients
    self.missed = missed
  }

  /// How many write to those who are away.
  static func posters(for clients: Int) -> Int { min(64, clients) }

  func run() async throws -> BenchReport {
    let before = field.mark()
    try await field.connect(0..<clients)
    let connecting = field.span(since: before)
    try await leave()
    try await post()

    let network = NetworkCounters.now
    let begin = field.mark()
    try await field.each { share in
      let now = share.loop.now
      for client in share.clients { client.comeBack(now) }
    }
    try await field.wait(upTo: field.plan.patience) {
      try await field.gather { $0.clients.allSatisfy(\.isDone) }.allSatisfy { $0 }
    }
    let storm = field.span(since: begin)
    let kernel = NetworkCounters.now - network
    var tally = StormShare.Tally()
    for part in try await field.gather({ $0.tally }) { tally.add(part) }
    try await field.each { $0.loop.close() }
    return BenchReport(
      plan: field.plan, connections: clients, connecting: connecting, measured: storm,
      findings: [StormFindings(clients: clients, missed: missed, tally: tally, kernel: kernel)])
  }

  private func leave() async throws {
    let left = try await field.gather { share in
      EventLoopFuture.andAllComplete(share.clients.map { $0.leave() }, on: share.loop.eventLoop)
    }
    for loop in left { try await loop.get() }
  }

  /// Has everyone written to, by users of their own.
  private func post() async throws {
    try await field.connect(clients..<(clients + Self.posters(for: clients)))
    let isDone = try await field.wait(upTo: .seconds(600)) {
      try await field.gather { $0.posters.allSatisfy(\.isDone) }.allSatisfy { $0 }
    }
    let fault = try await field.gather { $0.posters.compactMap(\.fault).first }.compactMap { $0 }.first
    if let fault = fault ?? (isDone ? nil : "had no answer") {
      throw CommandError("a message to one who is away \(fault)")
    }
  }
}

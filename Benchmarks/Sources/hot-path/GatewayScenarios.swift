/// Messages that arrive on 64 connections in one turn of the loop: frame, chain, commit, answer and delivery.
struct Messages: Scenario {
  static let name = "messages"
  static let eventsPerRound = 64
  private var exchange: Exchange

  init() throws { exchange = try Exchange(users: 64, ClientFrame.message) }

  mutating func round() throws -> Int { try exchange.inOneTurn() / 2 }
}

/// The same, a turn for each.
struct SingleMessages: Scenario {
  static let name = "messages-singly"
  static let eventsPerRound = 64
  private var exchange: Exchange

  init() throws { exchange = try Exchange(users: 64, ClientFrame.message) }

  mutating func round() throws -> Int { try exchange.inTurnsOfOne() / 2 }
}

/// Receipts on 64 connections in one turn, each for one message, half of them of either kind: chain, commit, answer and
/// update.
struct Receipts: Scenario {
  static let name = "receipts"
  static let eventsPerRound = 64
  private var exchange: Exchange

  init() throws { exchange = try Exchange(users: 64, ClientFrame.receipt) }

  mutating func round() throws -> Int { try exchange.inOneTurn() / 2 }
}

/// Events of the type `PING` on 64 connections in one turn.
struct Pings: Scenario {
  static let name = "pings"
  static let eventsPerRound = 64
  private var exchange: Exchange

  init() throws { exchange = try Exchange(users: 64) { _ in .ping } }

  mutating func round() throws -> Int { try exchange.inOneTurn() }
}

/// What a crowd sends round after round, and how many frames come back.
@MainActor private struct Exchange {
  private let crowd: Crowd
  private var frames: [ClientFrame]

  /// - Parameter frame: What the user with this number sends.
  init(users: Int, _ frame: (Int) -> ClientFrame) throws {
    crowd = try Crowd(users)
    frames = (0..<users).map(frame)
  }

  mutating func inOneTurn() throws -> Int {
    for index in frames.indices { try crowd.send(frames[index].next(), as: index) }
    crowd.turn()
    crowd.step()
    return try frames.indices.reduce(0) { try $0 + crowd.takeFrames(of: $1) }
  }

  mutating func inTurnsOfOne() throws -> Int {
    var count = 0
    for index in frames.indices {
      try crowd.send(frames[index].next(), as: index)
      crowd.turn()
      count += try crowd.takeFrames(of: index) + crowd.takeFrames(of: index ^ 1)
    }
    crowd.step()
    return count
  }
}

/// What a load is to be: what its clients do, how fast and for how long.
struct BenchPlan: Sendable {
  /// What the clients do.
  enum Load: Sendable, Equatable {
    /// So many pairs of clients write to each other both ways.
    case pairs(Int)
    /// So many clients write to one.
    case hotReceiver(senders: Int)
    /// So many clients watch one who comes and goes so many times a second.
    case presence(watchers: Int, changesPerSecond: Double)
    /// So many clients come back at once, each to so many messages that it has missed.
    case storm(clients: Int, missed: Int)
  }

  /// Where the nodes are; the clients are dealt out among them by turns, so that the sides of a pair are on different
  /// nodes where there is more than one.
  var addresses: [ListenAddress]
  var isEncrypted = false
  /// How the clients speak.
  var wire = WireKind.websocket
  var load = Load.pairs(100)
  /// How many messages each client has in flight, where there is no rate.
  var depth = 8
  /// How many messages a second all clients together send, whatever comes back.
  var rate: Double?
  /// The bytes of a message's content.
  var contentBytes = 100
  /// Whether each message is said to be delivered and read, by an event each.
  var sendsReceipts = false
  /// The share of messages that are sent twice, under one number.
  var duplicates = 0.0
  /// Clients who are written to and stop reading while it is measured, besides the pairs; each has a sender of its own.
  var slow = 0
  /// Clients that connect and stay silent, besides the others.
  var idle = 0
  /// On how many threads the clients run.
  var loops = 1
  var warmUp = Duration.seconds(2)
  var measured = Duration.seconds(8)
  /// How long is waited for what is still to come at the end.
  var patience = Duration.seconds(20)
  /// What users' names begin with: new in every run, so that nothing was sent before.
  var prefix = "bench-" + String(UInt32.random(in: 0...UInt32.max), radix: 16)

  /// The shortest content: the moment of sending and two numbers must find room.
  static let contentBytesMin = 40
  /// The longest content, as the protocol has it.
  static let contentBytesMax = 16_384

  /// The name of a client, by its number: those of a pair differ in the lowest bit.
  func user(_ number: Int) -> String { "\(prefix)-\(number)" }
}

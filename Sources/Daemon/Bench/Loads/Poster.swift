import NIOCore

/// Writes to many who are away, so many messages to each, and awaits that all are taken.
final class Poster: BenchRole {
  /// To how many it writes at a time: to each a message after the one before is taken, so that one which is refused and
  /// comes again stays in its place.
  private static let depth = 8

  /// Why it gave up.
  private(set) var fault: String?
  private let loop: BenchLoop
  private let number: Int
  private let receivers: [Int]
  private let each: Int
  private var client: BenchClient?
  /// To whom it writes next, by the place among the receivers.
  private var next = 0
  private var taken = 0

  init(_ loop: BenchLoop, _ number: Int, to receivers: [Int], each: Int) {
    self.loop = loop
    self.number = number
    self.receivers = receivers
    self.each = each
  }

  /// Whether there is nothing more to wait for.
  var isDone: Bool { taken == receivers.count * each || fault != nil }

  func opened(_ client: BenchClient) {
    self.client = client
    for _ in 0..<Self.depth { beginNext() }
  }

  private func beginNext() {
    guard next < receivers.count else { return }
    send(next * each)
    next += 1
  }

  /// Sends the message of a place: those to one receiver follow each other.
  private func send(_ place: Int) {
    let content = BenchContent(due: loop.now, sender: number, number: place % each)
    let receiver = loop.plan.user(receivers[place / each])
    client?.send(place, to: receiver, content.text(filledFrom: loop.filling))
  }

  func take(_ incoming: BenchIncoming, _ client: BenchClient) {
    switch incoming {
    case .acknowledged(let place):
      taken += 1
      if (place + 1).isMultiple(of: each) { beginNext() } else { send(place + 1) }
    case .refused(let place?, "RATE_LIMITED", let pause):
      loop.after(.milliseconds(Int64(max(10, min(10_000, pause ?? 0))))) { [self] in send(place) }
    case .refused(_, let code, _): fault = "was refused with \(code.printable)"
    default: break
    }
  }

  func lost(code: UInt16?) {
    client = nil
    if !isDone { fault = "had no answer: the server closed the connection" }
  }
}

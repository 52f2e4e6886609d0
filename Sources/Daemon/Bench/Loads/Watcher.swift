/// Has written to one user once, and so is told when that user comes and goes.
final class Watcher: BenchRole {
  /// What it knows; `nil` before it was told anything.
  private(set) var isOnline: Bool?
  /// Whether its message was taken.
  private(set) var hasGreeted = false
  /// The error that its message had for an answer.
  private(set) var refusal: String?
  private let share: PresenceShare
  private let number: Int
  private let person: String

  init(_ share: PresenceShare, _ number: Int, of person: Int) {
    self.share = share
    self.number = number
    self.person = share.loop.plan.user(person)
  }

  func opened(_ client: BenchClient) {
    let content = BenchContent(due: share.loop.now, sender: number, number: 0)
    client.send(0, to: person, content.text(filledFrom: share.loop.filling))
  }

  func take(_ incoming: BenchIncoming, _ client: BenchClient) {
    switch incoming {
    case .acknowledged: hasGreeted = true
    case .refused(_, let code, _): refusal = code.printable
    case .presence(let news) where news.user == person:
      isOnline = news.isOnline
      share.told(news)
    default: break
    }
  }

  func lost(code: UInt16?) { share.lost(code: code) }
}

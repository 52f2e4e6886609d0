import Pipeline
import Services
import Testing

@testable import Daemon

@Suite("What is handed over late")
struct LateChangeTests {
  private func entry(_ id: UInt64, born: Position, read: Position? = nil) -> FeedPage.Entry {
    var message = StoredMessage(
      id: MessageID(rawValue: id), senderID: "a", receiverID: "b", content: "\(id)", position: read ?? born)
    if read != nil { message.readAt = Timestamp(milliseconds: 1) }
    return FeedPage.Entry(
      message, FeedPage.Places(born: born, read: read.map { FeedPage.Place($0, version: 2) }))
  }

  private func held(_ position: Position?, isOwn: Bool = false) -> FollowerState.Held {
    FollowerState.Held(
      delivery: Delivery(to: "b", OutgoingEvent(.newMessage), at: position), isOwn: isOwn)
  }

  private func told(
    _ changes: [LateChange], upTo limit: Position = .max, claim: (Position) -> Bool = { _ in true }
  ) -> [Position?] {
    changes.flatMap { $0.deliveries(upTo: limit) { claim($0) ? $1 : [] } }
      .filter { $0.userID == "b" }.map(\.position)
  }

  @Test("What was found and what was held back goes in the order of the feed, and what is not in it last")
  func order() {
    let found = [entry(1, born: 10, read: 25), entry(2, born: 20)]
    let changes = LateChange.inOrder(found, [held(15), held(nil), held(22, isOwn: true), held(22)])
    #expect(told(changes) == [10, 15, 20, 22, 22, 25, nil])
  }

  @Test("What somebody has told of is not told again, but for what nobody else knows of")
  func claims() {
    let changes = LateChange.inOrder([entry(1, born: 10)], [held(15), held(16, isOwn: true), held(nil)])
    #expect(told(changes, claim: { _ in false }) == [16, nil])
  }

  @Test("What was found too far on is left for later, what was held back is not")
  func limit() {
    let changes = LateChange.inOrder([entry(1, born: 10, read: 25), entry(2, born: 20)], [held(22)])
    #expect(told(changes, upTo: 15) == [10, 22])
  }
}

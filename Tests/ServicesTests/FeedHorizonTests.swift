import Services
import Testing

@Suite("The horizon")
struct FeedHorizonTests {
  @Test("It stands before the oldest change that has not ended, in whatever order changes end")
  func model() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let horizon = FeedHorizon(at: 10)
      var open: Set<Position> = []
      var highest: Position = 10
      for _ in 0..<100 {
        if open.isEmpty || Bool.random(using: &random) {
          highest += Position.random(in: 1...3, using: &random)
          horizon.begin([highest])
          open.insert(highest)
        } else if let ended = open.randomElement(using: &random) {
          open.remove(ended)
          horizon.end([ended])
        }
        #expect(horizon.position == open.min().map { $0 - 1 } ?? highest)
      }
      horizon.end(Array(open))
      #expect(horizon.position == highest)
    }
  }
}

@Suite("The horizon of a store that others write to as well")
struct SharedHorizonTests {
  @Test("It moves to where the feed was read, but not past what is under way here")
  func completes() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    horizon.begin([15])
    horizon.begin([12])
    #expect(horizon.position == 10)
    horizon.complete(to: 20)
    #expect(horizon.position == 11)
    horizon.end([12])
    #expect(horizon.position == 14)
    horizon.end([15])
    #expect(horizon.position == 20)
    horizon.complete(to: 5)
    #expect(horizon.position == 20)
  }

  private func entry(_ id: UInt64, born: Position, read: Position? = nil) -> FeedPage.Entry {
    FeedPage.Entry(
      StoredMessage(
        id: MessageID(rawValue: id), senderID: "a", receiverID: "b", content: "", position: read ?? born),
      FeedPage.Places(born: born, read: read.map { FeedPage.Place($0, version: 2) }))
  }

  @Test(
    "Of a shared feed is taken what lies before the first message that the store has not answered for yet")
  func underWay() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    let entries = [entry(1, born: 11), entry(2, born: 12), entry(3, born: 13)]
    #expect(horizon.settled(among: entries) == .max)
    horizon.underWay([3, 4].map { MessageID(rawValue: $0) })
    horizon.underWay([MessageID(rawValue: 2)])
    #expect(horizon.settled(among: entries) == 11)
    horizon.answered([MessageID(rawValue: 2)])
    #expect(horizon.settled(among: entries) == 12)
    #expect(horizon.settled(among: [entries[0]]) == .max)
  }

  @Test("What everyone was told of is left out, what somebody was not is not")
  func untold() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    horizon.begin([11])
    _ = horizon.claim(12, for: "a")
    let entries = [entry(1, born: 11), entry(2, born: 12), entry(3, born: 11, read: 13), entry(4, born: 9)]
    #expect(horizon.untold(among: entries).map(\.message.id.rawValue) == [2, 3])
  }

  @Test("A change is claimed once for each of the two that it concerns, and not when it is forgotten")
  func claims() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    func claim(_ position: Position, _ user: String = "a") -> Bool { horizon.claim(position, for: user) }
    #expect(claim(12) && !claim(12) && claim(12, "b") && !claim(12, "b"))
    horizon.begin([13])
    #expect(!claim(13) && !claim(13, "b"))
    horizon.complete(to: 12)
    #expect(claim(11) && !claim(12) && !claim(13) && claim(14))
    horizon.forget(upTo: 16)
    #expect(!claim(15) && claim(17))
  }

  @Test("Who connects is not told of what had been made when the feed was asked last, however answers come")
  func joining() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    #expect(horizon.joining.stand.holds(10) && !horizon.joining.stand.holds(11))
    horizon.note(FeedStand(horizon: 20, frontier: 40, open: [25...29]))
    horizon.note(FeedStand(horizon: 20, frontier: 30, open: [25...29]))
    horizon.note(FeedStand(horizon: 20, frontier: 40, open: [25...29, 35...39]))
    #expect(horizon.joining.isKnown)
    let told = (19...41).filter { horizon.joining.stand.holds($0) }
    #expect(told == Array(19...24) + Array(30...39))
    horizon.complete(to: 27)
    #expect((26...30).filter { horizon.joining.stand.holds($0) } == [26, 27, 30])
  }

  @Test("Who connects without an answer from the feed begins where all is final, until one later has one")
  func joiningUnanswered() {
    let horizon = FeedHorizon(at: 10, isShared: true)
    horizon.note(FeedStand(horizon: 20, frontier: 30))
    let early = horizon.askingForStand()
    horizon.standIsUnknown()
    #expect(horizon.joining == (FeedStand(at: 20), false))
    // What was asked before they came says nothing of where the feed stood then.
    horizon.standIsKnown(early)
    #expect(!horizon.joining.isKnown)
    let late = horizon.askingForStand()
    horizon.note(FeedStand(horizon: 40, frontier: 50))
    horizon.standIsKnown(late)
    #expect(horizon.joining == (FeedStand(horizon: 40, frontier: 50), true))
  }
}

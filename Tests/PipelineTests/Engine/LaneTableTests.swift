import Testing

@testable import Pipeline

@Suite("Lanes keep a connection's events in order")
struct LaneTableTests {
  /// A table that holds one lane.
  private struct OneLane: ~Copyable {
    var table = LaneTable<String>()
    var lane = Lane()

    init(_ places: [LaneTable<String>.Place]) {
      for (index, place) in places.enumerated() {
        _ = table.insert("\(index)", place: place, generation: 1, sequence: UInt64(index + 1), into: &lane)
      }
    }

    func mayEnter(_ stage: Int, sequence: UInt64 = 100, generation: Int = 1, joining: Bool) -> Bool {
      table.mayEnter(
        stage, slot: .none, sequence: sequence, generation: generation, joining: joining, lane: lane)
    }
  }

  @Test(
    "An event enters a stage only behind its nearest older event",
    arguments: [
      ([], 0, false, true),
      ([.inside(3)], 2, false, true),
      ([.inside(3)], 3, false, false),
      ([.inside(3)], 3, true, true),
      ([.inside(3)], 4, true, false),
      ([.waiting(3)], 3, true, false),
      ([.waiting(3)], 2, true, true),
      ([.running], 5, false, true),
      ([.ended], 5, false, true),
      ([.inside(2), .ended], 3, true, false),
      ([.inside(2), .ended], 2, true, true),
      ([.inside(5), .inside(2)], 3, true, false),
    ] as [([LaneTable<String>.Place], Int, Bool, Bool)])
  func entering(places: [LaneTable<String>.Place], stage: Int, joining: Bool, may: Bool) {
    let entered = OneLane(places).mayEnter(stage, joining: joining)
    #expect(entered == may)
  }

  @Test("An event never shares a chain's stages with an older event of another chain")
  func generations() {
    let entered = OneLane([.inside(9)]).mayEnter(0, generation: 2, joining: true)
    #expect(!entered)
  }

  @Test("A younger event in the lane holds nobody up")
  func youngerEvents() {
    let held = OneLane([.inside(1)])
    let (entered, older, olderThanNext) = (
      held.mayEnter(7, sequence: 0, joining: false), held.table.hasOlder(than: 0, in: held.lane),
      held.table.hasOlder(than: 2, in: held.lane)
    )
    #expect(entered)
    #expect(!older)
    #expect(olderThanNext)
  }

  @Test("Inserting and removing in any order keeps the lane sorted and gives slots back")
  func insertionAndRemoval() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      var table = LaneTable<UInt64>()
      var lane = Lane()
      var slots: [UInt64: SlotIndex] = [:]
      for _ in 0..<60 {
        if slots.isEmpty || Bool.random(using: &random) {
          let sequence = UInt64.random(in: 0..<1_000_000, using: &random)
          guard slots[sequence] == nil else { continue }
          slots[sequence] = table.insert(
            sequence, place: .ended, generation: 1, sequence: sequence, into: &lane)
        } else if let victim = slots.keys.sorted().randomElement(using: &random) {
          table.remove(slots.removeValue(forKey: victim)!, from: &lane)
        }
        var seen: [UInt64] = []
        var index = lane.head
        while index != .none {
          seen.append(table[index].held)
          index = table[index].next
        }
        #expect(seen == slots.keys.sorted())
        let counts = (table.count, Int(lane.count))
        #expect(counts == (slots.count, slots.count))
      }
    }
  }
}

/// The events of one connection that the chain holds, oldest first: the ends of a list in a ``LaneTable``.
struct Lane: Sendable {
  var head: SlotIndex = .none
  var tail: SlotIndex = .none
  var count: Int32 = 0

  var isEmpty: Bool { head == .none }
}

/// Names a slot of a ``LaneTable``.
struct SlotIndex: Sendable, Hashable {
  var raw: Int32

  static let none = SlotIndex(raw: -1)
}

/// Keeps every connection's events in order while some of them are held by stages that answer later.
///
/// Only held events have a slot; an event that no stage holds passes without touching the table. The rule is that
/// no event of a connection overtakes another: one may enter a stage when its nearest predecessor that is still in
/// the chain is past that stage, or inside it where the stage keeps order itself.
struct LaneTable<Held>: ~Copyable {
  /// Where a held event is.
  enum Place: Equatable {
    /// On its way through stages now, in the run that is being made.
    case running
    /// Inside a stage that has not given it back.
    case inside(Int)
    /// In front of a stage, until its predecessors let it in.
    case waiting(Int)
    /// Past its last stage; its answer waits for those of its predecessors.
    case ended
  }

  struct Slot {
    var held: Held
    var place: Place
    /// Events of different chains never share a stage.
    var generation: Int
    let sequence: UInt64
    fileprivate(set) var previous: SlotIndex
    fileprivate(set) var next: SlotIndex
  }

  private var slots = SlotMemory<Slot>()

  /// How many slots are taken.
  var count: Int { slots.count }

  /// How many slots events of one generation have.
  func count(ofGeneration generation: Int) -> Int { slots.count { $0.generation == generation } }

  subscript(index: SlotIndex) -> Slot {
    // In line, since a coroutine that is called takes memory for its frame.
    @inline(__always) _read { yield slots[Int(index.raw)] }
    @inline(__always) _modify { yield &slots[Int(index.raw)] }
  }

  /// Takes an event in, at its place by sequence: most often the end of the lane.
  mutating func insert(
    _ held: consuming Held, place: Place, generation: Int, sequence: UInt64, into lane: inout Lane
  ) -> SlotIndex {
    let previous = predecessor(of: sequence, in: lane)
    let next = previous == .none ? lane.head : self[previous].next
    let slot = Slot(
      held: held, place: place, generation: generation, sequence: sequence, previous: previous, next: next)
    let index = SlotIndex(raw: Int32(slots.insert(slot)))
    if previous == .none { lane.head = index } else { self[previous].next = index }
    if next == .none { lane.tail = index } else { self[next].previous = index }
    lane.count += 1
    return index
  }

  /// Gives a slot back.
  mutating func remove(_ index: SlotIndex, from lane: inout Lane) {
    let (previous, next) = (self[index].previous, self[index].next)
    if previous == .none { lane.head = next } else { self[previous].next = next }
    if next == .none { lane.tail = previous } else { self[next].previous = previous }
    slots.remove(Int(index.raw))
    lane.count -= 1
  }

  /// The youngest slot of the lane that is older than `sequence`.
  private func predecessor(of sequence: UInt64, in lane: Lane) -> SlotIndex {
    var index = lane.tail
    while index != .none, self[index].sequence > sequence { index = self[index].previous }
    return index
  }

  /// Whether an event may enter a stage.
  ///
  /// - Parameters:
  ///   - slot: The event's slot, or `.none` of one that has none yet.
  ///   - stage: The stage that it would enter.
  ///   - joining: Whether the stage keeps the order of what it is given, so that it may hold several.
  func mayEnter(
    _ stage: Int, slot: SlotIndex, sequence: UInt64, generation: Int, joining: Bool, lane: Lane
  ) -> Bool {
    var index = slot == .none ? predecessor(of: sequence, in: lane) : self[slot].previous
    while index != .none {
      let place = self[index].place
      if place != .ended {
        guard self[index].generation == generation else { return false }
        switch place {
        case .running, .ended: return true
        case .inside(let at): return at > stage || (at == stage && joining)
        case .waiting(let at): return at > stage
        }
      }
      index = self[index].previous
    }
    return true
  }

  /// Whether an older event of the lane has a slot, so that an answer may have to wait.
  func hasOlder(than sequence: UInt64, in lane: Lane) -> Bool {
    lane.head != .none && self[lane.head].sequence < sequence
  }
}

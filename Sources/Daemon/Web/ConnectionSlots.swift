/// Which of a few connections to one host a request goes by, and which requests wait: pure.
///
/// The first connection that has room is taken, so that little load opens one. One that has not answered several times
/// in a row is replaced: the way to the other side may be gone without a word.
struct ConnectionSlots {
  /// How many connections there may be, and how many requests on each.
  static let connections = 4
  static let requestsOnEach = 100
  /// So many timeouts in a row have a connection replaced.
  static let mostTimeouts = 3

  /// A connection, and which in its place it is: a replacement has a higher number.
  struct Slot: Hashable, Sendable {
    let index: Int
    let generation: Int
  }

  private struct Connection {
    var generation = 0
    var busy = 0
    var timeouts = 0
  }

  private var slots = [Connection](repeating: Connection(), count: Self.connections)
  /// Of replaced connections, the requests that are still under way.
  private var leaving: [Slot: Int] = [:]

  /// Whether no request is under way.
  var isIdle: Bool { leaving.isEmpty && slots.allSatisfy { $0.busy == 0 } }

  /// A place for a request; `nil` where it has to wait.
  mutating func take() -> Slot? {
    guard let index = slots.firstIndex(where: { $0.busy < Self.requestsOnEach }) else { return nil }
    slots[index].busy += 1
    return Slot(index: index, generation: slots[index].generation)
  }

  /// A request has ended. Gives the connection that is not used any more, where that was its last.
  mutating func give(_ slot: Slot, timedOut: Bool) -> Slot? {
    guard slots[slot.index].generation == slot.generation else {
      let left = (leaving[slot] ?? 1) - 1
      leaving[slot] = left > 0 ? left : nil
      return left > 0 ? nil : slot
    }
    slots[slot.index].busy -= 1
    slots[slot.index].timeouts = timedOut ? slots[slot.index].timeouts + 1 : 0
    guard slots[slot.index].timeouts >= Self.mostTimeouts else { return nil }
    let busy = slots[slot.index].busy
    slots[slot.index] = Connection(generation: slot.generation + 1)
    if busy > 0 { leaving[slot] = busy }
    return busy > 0 ? nil : slot
  }
}

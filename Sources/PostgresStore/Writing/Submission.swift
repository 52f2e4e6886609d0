import Services
import Synchronization

/// Changes that one writer makes for one caller: some or all of those that the caller has handed over.
struct Submission: Sendable {
  /// All that the caller has handed over, shared with the other writers.
  private let all: [StoreWrite]
  /// Which of them this writer makes; `nil`: all.
  private let places: [Int]?
  /// How much of the queue and of a transaction they take.
  private(set) var weight = 0
  /// How many places in the feed they may take.
  private(set) var slots = 0
  /// Told what became of them, in their order.
  let then: @Sendable (ArraySlice<WriteResult>) -> Void

  init(_ all: [StoreWrite], places: [Int]? = nil, then: @escaping @Sendable (ArraySlice<WriteResult>) -> Void)
  {
    self.all = all
    self.places = places
    self.then = then
    var (weight, slots) = (0, 0)
    forEach { write in
      weight += write.weight
      slots += Slots.count(of: write)
    }
    self.weight = weight
    self.slots = slots
  }

  var count: Int { places?.count ?? all.count }

  /// Gives them one after the other, where they lie: taking each out of the array would copy it.
  func forEach(_ body: (StoreWrite) -> Void) {
    all.withUnsafeBufferPointer { all in
      guard let places else { return all.forEach(body) }
      for place in places { body(all[place]) }
    }
  }

  /// Says of all of them that they were not made.
  func fail(_ reason: String) { then([WriteResult](repeating: .unavailable(reason), count: count)[...]) }
}

/// The results of one caller's changes, which several writers make.
final class GatheredResults: Sendable {
  private struct Part {
    let places: [Int]
    let results: ArraySlice<WriteResult>
  }

  private let parts: Mutex<[Part]>
  private let expected: Int
  private let then: @Sendable ([WriteResult]) -> Void

  init(parts expected: Int, then: @escaping @Sendable ([WriteResult]) -> Void) {
    self.expected = expected
    self.then = then
    parts = Mutex([])
  }

  /// Takes a part: the results of the changes at these places.
  func add(_ results: ArraySlice<WriteResult>, at places: [Int]) {
    let whole: [Part]? = parts.withLock { parts in
      parts.append(Part(places: places, results: results))
      return parts.count == expected ? parts : nil
    }
    guard let whole else { return }
    var all = [WriteResult](repeating: .done, count: whole.reduce(0) { $0 + $1.places.count })
    for part in whole {
      for (place, index) in zip(part.places, part.results.indices) { all[place] = part.results[index] }
    }
    then(all)
  }
}

import Services

/// The debts of rate limits. A debt that has been worked off says nothing, so it is dropped: each charge looks at two
/// older entries on the way, and the table stays as small as the number of those who were active lately.
struct LimitTable {
  private struct Key: Hashable {
    let scope: String
    let subject: ExactText
  }

  private var debts: [Key: UInt64] = [:]
  /// The keys in the order of their arrival, to be looked at in turn.
  private var order: [Key] = []
  private var next = 0
  private let limit: Int

  /// - Parameter limit: How many debts are kept; beyond, a subject seen first displaces another.
  init(limit: Int) { self.limit = limit }

  var count: Int { debts.count }

  mutating func charge(_ request: AdmissionRequest, at now: UInt64) -> Admission {
    let key = Key(scope: request.scope, subject: ExactText(request.subject))
    if let place = debts.index(forKey: key) {
      return GCRA.charge(request, at: now, tat: &debts.values[place])
    }
    sweep(at: now)
    var tat: UInt64 = 0
    let admission = GCRA.charge(request, at: now, tat: &tat)
    if tat > now {
      debts[key] = tat
      order.append(key)
    }
    return admission
  }

  private mutating func sweep(at now: UInt64) {
    for step in 0..<2 where !order.isEmpty {
      if next >= order.count { next = 0 }
      let key = order[next]
      let isFull = step == 0 && debts.count >= limit
      if let tat = debts[key], tat > now, !isFull {
        next += 1
      } else {
        debts[key] = nil
        order.swapAt(next, order.count - 1)
        order.removeLast()
      }
    }
  }
}

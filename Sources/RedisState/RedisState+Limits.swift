import Pipeline
public import Services

extension RedisState {
  /// How many debts one call of the script charges at most, so that no call keeps the server from others for long.
  private static let debtsPerCall = 256
  /// The largest charge or allowance in microseconds, some 126 years: with the time of day it stays below 2^53.
  private static let microsecondsMax: UInt64 = 4_000_000_000_000_000

  public func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void
  ) {
    guard !requests.isEmpty else { return then(.success([])) }
    let charges = LimitCharge.all(for: requests)
    let names = charges.map { keys.limit($0.request) }
    let calls = calls(charges, names)
    let gather = Gather(requests.count, parts: calls.count, then)
    var batch = CommandBatch()
    for (terms, call) in calls {
      batch.call(.limit, keys: call.count, arguments: call.count * 2 + 5) { writer in
        for index in call { writer.key(names[index]) }
        writer.word(options.timeOffset().wholeNanoseconds / 1000)
        Self.write(terms.interval, times: terms.cost, to: &writer)
        Self.write(terms.interval, times: terms.burst, to: &writer)
        for index in call { writer.word(charges[index].places.count) }
      } then: { result in
        gather.take(
          result.map { Self.admissions($0, of: call.map { charges[$0].places.count }) },
          at: call.flatMap { charges[$0].places })
      }
    }
    network.submit(batch)
  }

  /// Which charges go together: those on the same terms and, on a cluster, of the same slot.
  private func calls(_ charges: [LimitCharge], _ names: [String]) -> [(LimitCharge.Terms, [Int])] {
    let terms = charges[0].terms
    if charges.allSatisfy({ $0.terms == terms }) {
      return network.groups(of: names, max: Self.debtsPerCall).map { (terms, $0) }
    }
    let byTerms = Dictionary(grouping: charges.indices) { charges[$0].terms }
    // In the order of their coming, so that who asks first is mostly charged first.
    return byTerms.sorted { ($0.value.first ?? 0) < ($1.value.first ?? 0) }.flatMap { terms, indices in
      network.groups(of: indices.map { names[$0] }, max: Self.debtsPerCall).map { group in
        (terms, group.map { indices[$0] })
      }
    }
  }

  /// Writes a time as microseconds and the nanoseconds beyond, as the script takes it.
  private static func write(_ interval: UInt64, times factor: Int, to writer: inout RESPWriter) {
    let (product, overflow) = interval.multipliedReportingOverflow(by: UInt64(max(0, factor)))
    let nanoseconds = overflow ? UInt64.max : product
    writer.word(Int64(min(nanoseconds / 1000, microsecondsMax)))
    writer.word(Int64(nanoseconds % 1000))
  }

  /// The answers for as many questions as each debt was charged for.
  private static func admissions(_ reply: RESPValue, of counts: [Int]) -> [Admission] {
    let answers = reply.elements.compactMap(\.integer)
    guard answers.count == 2 * counts.count else { return [] }
    var admissions: [Admission] = []
    for (index, count) in counts.enumerated() {
      let admitted = Int(answers[2 * index])
      for place in 0..<count {
        admissions.append(
          place < admitted ? .admitted : .refused(retryAfter: .microseconds(answers[2 * index + 1])))
      }
    }
    return admissions
  }
}

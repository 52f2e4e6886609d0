import Pipeline
public import Services

extension RedisState {
  /// How many limits one call of the script charges at most, so that no call keeps the server from others for long.
  private static let limitsPerCall = 256
  /// The largest charge or allowance in microseconds, some 126 years: with the time of day it stays below 2^53.
  private static let microsecondsMax: UInt64 = 4_000_000_000_000_000

  public func admit(
    _ requests: [AdmissionRequest], then: @escaping @Sendable (Result<[Admission], StateError>) -> Void
  ) {
    guard !requests.isEmpty else { return then(.success([])) }
    let names = requests.map { keys.limit($0) }
    let groups = network.groups(of: names, max: Self.limitsPerCall)
    let gather = Gather(requests.count, parts: groups.count, then)
    var batch = CommandBatch()
    for places in groups {
      batch.call(.limit, keys: places.count, arguments: places.count * 5 + 1) { writer in
        for place in places { writer.key(names[place]) }
        writer.word(options.timeOffset().wholeNanoseconds / 1000)
        for place in places {
          let request = requests[place]
          Self.write(request.interval, times: request.cost, to: &writer)
          Self.write(request.interval, times: request.burst, to: &writer)
        }
      } then: { result in
        gather.take(result.map { Self.admissions($0) }, at: places)
      }
    }
    network.submit(batch)
  }

  /// Writes a time as microseconds and the nanoseconds beyond, as the script takes it.
  private static func write(_ interval: UInt64, times factor: Int, to writer: inout RESPWriter) {
    let (product, overflow) = interval.multipliedReportingOverflow(by: UInt64(max(0, factor)))
    let nanoseconds = overflow ? UInt64.max : product
    writer.word(Int64(min(nanoseconds / 1000, microsecondsMax)))
    writer.word(Int64(nanoseconds % 1000))
  }

  private static func admissions(_ reply: RESPValue) -> [Admission] {
    reply.elements.map { element in
      guard let wait = element.integer, wait > 0 else { return .admitted }
      return .refused(retryAfter: .microseconds(wait))
    }
  }
}

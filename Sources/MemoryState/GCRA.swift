import Services

/// The generic cell rate algorithm (ITU-T I.371, the virtual scheduling form): one number a subject.
///
/// The number is the theoretical arrival time `tat`: when the next event would be due if all came evenly at the
/// sustained rate. With the interval `T` and a burst of `B`, an event of cost `c` at `now` is let in when
/// `max(tat, now) + c·T − B·T ≤ now`, and `tat` then becomes `max(tat, now) + c·T`.
enum GCRA {
  /// Charges an event, or says how long it has to wait. All times in nanoseconds of one clock.
  static func charge(_ request: AdmissionRequest, at now: UInt64, tat: inout UInt64) -> Admission {
    let start = max(tat, now)
    let charged = saturating(start, plus: saturating(request.interval, times: request.cost))
    let allowance = saturating(request.interval, times: request.burst)
    if charged <= saturating(now, plus: allowance) {
      tat = charged
      return .admitted
    }
    let wait = charged - saturating(now, plus: allowance)
    return .refused(retryAfter: .nanoseconds(Int64(clamping: wait)))
  }

  private static func saturating(_ number: UInt64, plus other: UInt64) -> UInt64 {
    let (sum, overflow) = number.addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  private static func saturating(_ number: UInt64, times factor: Int) -> UInt64 {
    let (product, overflow) = number.multipliedReportingOverflow(by: UInt64(max(0, factor)))
    return overflow ? .max : product
  }
}

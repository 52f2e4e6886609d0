import Services

/// Questions that follow each other and are the same: a client's events that came together.
struct LimitCharge {
  /// What a limit allows, and what it charges for an event.
  struct Terms: Hashable {
    let interval: UInt64
    let burst: Int
    let cost: Int
  }

  let request: AdmissionRequest
  /// Which of the questions.
  var places: Range<Int>

  var terms: Terms { Terms(interval: request.interval, burst: request.burst, cost: request.cost) }

  /// What to charge for the questions of a call, in their order.
  static func all(for requests: [AdmissionRequest]) -> [LimitCharge] {
    var charges: [LimitCharge] = []
    charges.reserveCapacity(requests.count)
    for (place, request) in requests.enumerated() {
      // Users are others where the bytes of their names are, which Swift may hold equal.
      if let last = charges.indices.last, charges[last].request == request,
        ExactText(charges[last].request.subject) == ExactText(request.subject)
      {
        charges[last].places = charges[last].places.lowerBound..<place + 1
      } else {
        charges.append(LimitCharge(request: request, places: place..<place + 1))
      }
    }
    return charges
  }
}

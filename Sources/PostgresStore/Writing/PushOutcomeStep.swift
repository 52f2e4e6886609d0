import Pipeline
import Services

/// What became of pushes that were taken, by one call of `settle_pushes`.
struct PushOutcomeStep {
  private var jobs: [PushJobID] = []
  private var leases: [Int64?] = []
  private var kinds: [Int64?] = []
  private var moments: [Int64?] = []

  var isEmpty: Bool { jobs.isEmpty }

  mutating func add(_ job: PushJobID, _ lease: Timestamp, _ outcome: PushOutcome) {
    jobs.append(job)
    leases.append(lease.milliseconds)
    kinds.append(outcome.number)
    if case .retry(let moment) = outcome { moments.append(moment.milliseconds) } else { moments.append(nil) }
  }

  var statement: PostgresStatement {
    PostgresStatement(
      "SELECT settle_pushes($1, $2, $3, $4, $5, $6)",
      [
        .texts(jobs.map(\.service)), .integers(jobs.map { Int64(bitPattern: $0.messageID.rawValue) }),
        .texts(jobs.map(\.deviceToken)), .integers(leases), .integers(kinds), .integers(moments),
      ])
  }
}

extension PushOutcome {
  /// What `settle_pushes` knows it by.
  fileprivate var number: Int64 {
    switch self {
    case .done: 0
    case .retry: 1
    case .release: 2
    case .deviceGone: 3
    case .deviceQuarantined: 4
    case .lost: 5
    }
  }
}

import Pipeline
import Services

/// Pushes that are due, by one call of `add_pushes`.
struct PushStep {
  private var pushes: [DuePush] = []
  private let now: Timestamp

  init(at now: Timestamp) { self.now = now }

  var isEmpty: Bool { pushes.isEmpty }

  mutating func add(_ push: DuePush) { pushes.append(push) }

  var statement: PostgresStatement {
    PostgresStatement(
      "SELECT add_pushes($1, $2, $3, $4, $5)",
      [
        .texts(pushes.map(\.service)), .integers(pushes.map { Int64(bitPattern: $0.messageID.rawValue) }),
        .texts(pushes.map(\.receiverID)), .bools(pushes.map { $0.reach == .user }),
        .integer(now.milliseconds),
      ])
  }
}

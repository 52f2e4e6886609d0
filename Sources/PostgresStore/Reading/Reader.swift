import Services

/// A question to the database, and who waits for the answer.
struct Reading: Sendable {
  /// What to ask: built on the reader's thread.
  let statement: @Sendable () -> PostgresStatement
  /// Takes the answer.
  let answer: @Sendable (Result<PostgresResult, StoreError>) -> Void
}

/// Asks what waits for one of the reading connections, in one trip; each question is a transaction of its own.
/// Confined to its thread.
final class Reader {
  /// How many questions share a trip at most.
  private static let batchLimit = 256

  private let link: PostgresLink
  private let ledger: Ledger

  init(_ link: PostgresLink, ledger: Ledger) {
    self.link = link
    self.ledger = ledger
  }

  /// Answers questions in their order. With none, looks after the connection.
  func ask(_ readings: [Reading]) {
    link.lookAfter()
    var start = 0
    while start < readings.count {
      let end = min(start + Self.batchLimit, readings.count)
      askTogether(readings[start..<end])
      start = end
    }
  }

  private func askTogether(_ readings: ArraySlice<Reading>) {
    guard let connection = link.connection else { return fail(readings, "the database can't be reached") }
    do throws(PostgresError) {
      let answers = try connection.run(readings.map { [$0.statement()] })
      ledger.answered(readings.count)
      for (reading, answer) in zip(readings, answers) {
        switch answer {
        case .success(let results): reading.answer(.success(results[0]))
        case .failure(let error): reading.answer(.failure(StoreError(error.description)))
        }
      }
    } catch {
      if error.remedy == .reconnect { link.lost(error) }
      fail(readings, error.description)
    }
  }

  private func fail(_ readings: ArraySlice<Reading>, _ reason: String) {
    for reading in readings { reading.answer(.failure(StoreError(reason))) }
  }
}

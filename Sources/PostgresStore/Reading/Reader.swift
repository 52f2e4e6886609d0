import Logging
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
  private let logger: Logger
  private var housekeeping: Housekeeping?

  /// - Parameter housekeeping: What this reader looks after beside its questions.
  init(_ link: PostgresLink, ledger: Ledger, housekeeping: Housekeeping?, logger: Logger) {
    self.link = link
    self.ledger = ledger
    self.housekeeping = housekeeping
    self.logger = logger
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
    keepHouse()
  }

  private func keepHouse() {
    guard let connection = link.connection else { return }
    do throws(PostgresError) { try housekeeping?.run(on: connection) } catch {
      if error.remedy == .reconnect { link.lost(error) }
      logger.warning("housekeeping failed; it is tried again", metadata: ["error": "\(error)"])
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

import Pipeline
import Services

/// A change that is made by statements of its own.
struct SingleStep {
  let write: StoreWrite
  let index: Int
  /// Its first place within the transaction's positions.
  var slot = 0
  private let now: Timestamp

  init(_ write: StoreWrite, index: Int, at now: Timestamp) {
    self.write = write
    self.index = index
    self.now = now
  }

  var statements: [PostgresStatement] {
    let moment = PostgresValue.integer(now.milliseconds)
    switch write {
    // Messages, pushes and outcomes have steps of their own.
    case .message, .push, .pushOutcome, .erase: return erasure
    case .receipt(let receipt): return [readUpTo(receipt)]
    case .revision(let revision): return [revise(revision)]
    case .user(let id, let name):
      return [
        PostgresStatement(
          """
          INSERT INTO users (id, name, created) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, users.name)
            RETURNING coalesce(own_name, name)
          """, [.text(id), .text(name), moment])
      ]
    case .rename(let id, let name):
      return [
        PostgresStatement(
          """
          INSERT INTO users (id, own_name, created) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET own_name = excluded.own_name
          """, [.text(id), .text(name), moment])
      ]
    case .link(let request): return link(request)
    case .addDevice(let device): return addDevice(device)
    case .removeDevices(let user, let token):
      return [
        PostgresStatement(
          "DELETE FROM devices WHERE user_id = $1 AND ($2::text IS NULL OR token = $2)",
          [.text(user), .text(token)])
      ]
    case .revoke(let user, let notBefore):
      return [
        PostgresStatement(
          """
          INSERT INTO users (id, created, tokens_not_before) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET tokens_not_before = excluded.tokens_not_before
          """, [.text(user), moment, .integer(notBefore.milliseconds)])
      ]
    case .takePushes(let take): return [PushTakeStep.statement(take)]
    case .pushesDecided(let marking): return [PushMarkStep.statement(marking)]
    case .takePushMarks(let service, let node, let age): return [PushMarkStep.take(service, node, age)]
    case .endPushMarks(let service, let nodes, let node, let end):
      return [PushMarkStep.end(service, nodes, by: node, end)]
    case .deadLetter(let letter): return [keep(letter)]
    case .dropDeadLetters(let ids):
      return [PostgresStatement("DELETE FROM dead_letters WHERE id = ANY($1)", [.integers(ids)])]
    }
  }

  /// What the statements' answers say.
  func result(_ answers: ArraySlice<PostgresResult>) -> WriteResult {
    guard let first = answers.first, let last = answers.last else { return .done }
    switch write {
    case .receipt(let receipt): return readUpToResult(receipt, first)
    case .revision(let revision): return revisionResult(revision, first)
    case .user: return .known(name: first.rows.isEmpty ? nil : first.optionalText(0, 0))
    case .link(let request): return linkResult(request, first, last)
    case .erase(let user, _):
      return .changed(
        Few(
          first.rows.map { row in
            MessageChange(
              messageID: MessageID(rawValue: UInt64(bitPattern: first.integer(row, 0))), senderID: user,
              receiverID: first.text(row, 1), at: Timestamp(milliseconds: first.integer(row, 2)),
              version: Int(first.integer(row, 3)), position: first.optionalInteger(row, 4).map { UInt64($0) })
          }))
    case .deadLetter: return .kept(first.integer(0, 0))
    case .takePushes(let take): return .taken(PushTakeStep.jobs(first, take))
    case .takePushMarks: return .marks(PushMarkStep.marks(first))
    case .message, .rename, .addDevice, .removeDevices, .revoke, .push, .pushOutcome, .pushesDecided,
      .endPushMarks, .dropDeadLetters:
      return .done
    }
  }

  private var erasure: [PostgresStatement] {
    guard case .erase(let user, let moment) = write else { return [] }
    return [
      PostgresStatement(
        "SELECT * FROM erase_user($1, $2, $3)",
        [.text(user), .integer(moment.milliseconds), .integer(Int64(slot))])
    ]
  }

  private func keep(_ letter: DeadLetter) -> PostgresStatement {
    PostgresStatement(
      """
      INSERT INTO dead_letters
        (at, type, user_id, user_name, is_backend, scopes, stage, error, revision, node, stored, message,
         data)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id
      """,
      [
        .integer(letter.at.milliseconds), .text(letter.type), .text(letter.userID), .text(letter.userName),
        .bool(letter.isBackend), .text(letter.scopesJSON), .text(letter.stage), .text(letter.error),
        .integer(Int64(letter.revision)), .text(letter.node), .bool(letter.isStored),
        letter.messageID.map { .integer($0.rawValue) } ?? .null, .data(letter.data),
      ])
  }

  private func addDevice(_ device: Device) -> [PostgresStatement] {
    [
      PostgresStatement(
        """
        INSERT INTO devices (digest, token, user_id, platform, since)
          VALUES (sha256(convert_to($1, 'UTF8')), $1, $2, $3, $4)
          ON CONFLICT (digest) DO UPDATE
            SET user_id = excluded.user_id, platform = excluded.platform, since = excluded.since
        """,
        [.text(device.token), .text(device.userID), .text(device.platform), .integer(now.milliseconds)]),
      // The oldest go where one user has more than anybody has: each push would go to all of them.
      PostgresStatement(
        """
        DELETE FROM devices WHERE digest IN
          (SELECT digest FROM devices WHERE user_id = $1 ORDER BY since DESC, token OFFSET 100)
        """, [.text(device.userID)]),
    ]
  }
}

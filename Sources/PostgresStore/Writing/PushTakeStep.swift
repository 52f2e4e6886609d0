import Pipeline
import Services

/// Jobs to send, by one call of `take_pushes`.
enum PushTakeStep {
  static func statement(_ take: PushTake) -> PostgresStatement {
    PostgresStatement(
      "SELECT * FROM take_pushes($1, $2, $3, $4)",
      [
        .text(take.service), .integer(Int64(take.limit)), .integer(take.at.milliseconds),
        .integer(take.leasedUntil.milliseconds),
      ])
  }

  static func jobs(_ result: PostgresResult, _ take: PushTake) -> [PushJob] {
    result.rows.map { row in
      let receiver = result.text(row, 1)
      let token = result.optionalText(row, 2)
      let id = PushJobID(
        service: take.service, messageID: MessageID(rawValue: UInt64(bitPattern: result.integer(row, 0))),
        deviceToken: token)
      let device = token.map {
        Device(
          userID: receiver, token: $0, platform: result.optionalText(row, 3),
          lastSeen: Timestamp(milliseconds: result.integer(row, 4)))
      }
      return PushJob(
        id: id, receiverID: receiver, device: device, senderID: result.text(row, 5),
        senderName: result.optionalText(row, 6), content: result.text(row, 7),
        metadata: result.optionalText(row, 8), due: Timestamp(milliseconds: result.integer(row, 9)),
        attempts: Int(result.integer(row, 10)), lease: take.leasedUntil)
    }
  }
}

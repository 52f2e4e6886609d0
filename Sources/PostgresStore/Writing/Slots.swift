import Services

/// How many places in the feed a change may take.
///
/// The positions of a transaction are its number and 20 bits that count within it, so the changes of a transaction must
/// not add up to more than those can tell apart.
enum Slots {
  /// What all changes of one transaction may take.
  static let limit = (1 << 20) - 1
  /// What reading up to a message may take: as many as the SQL marks at a time.
  static let upTo = 100_000
  /// What one call of an erasure may take.
  static let erasure = 500

  /// What a change may take.
  static func count(of write: StoreWrite) -> Int {
    switch write {
    case .message, .revision: 1
    case .receipt(let receipt):
      switch receipt.target {
      case .messages(let ids): ids.count
      case .upTo: upTo
      }
    case .erase: erasure
    case .user, .rename, .link, .addDevice, .removeDevices, .revoke, .push, .takePushes, .pushOutcome,
      .pushesDecided, .takePushMarks, .endPushMarks, .deadLetter, .dropDeadLetters:
      0
    }
  }
}

public import Pipeline

/// An event that a stage has failed on, as it is kept for an operator who looks at it, has it go through the chain
/// again, or drops it.
public struct DeadLetter: Sendable, Equatable {
  /// The most bytes of UTF-8 that are kept of an error's text.
  public static let errorLimit = 1024

  /// When the stage failed; retention counts from here.
  public let at: Timestamp
  /// What the event is: the `type` of its envelope.
  public let type: String
  /// Who sent it; `nil` where nobody was known yet.
  public let userID: String?
  /// The name in the sender's token, where it has one.
  public let userName: String?
  /// Whether one's own backend acted in the user's name.
  public let isBackend: Bool
  /// What the sender's token was good for beyond being the user.
  public let scopes: [String]
  /// What the event says: a JSON object as it stood in front of the stage. As many bytes as a frame may have.
  public let data: [UInt8]
  /// The stage that failed, by its name in the chain.
  public let stage: String
  /// What the stage threw, for people.
  public let error: String
  /// The generation of the chain that the event went through.
  public let revision: Int
  /// The node that it came to.
  public let node: String
  /// Whether the event had been stored before the stage failed, so that only the stage's effect is missing.
  public let isStored: Bool
  /// The message that it was stored as, where it is one.
  public let messageID: MessageID?

  /// A letter by its parts.
  ///
  /// - Parameter error: Cut at ``errorLimit`` bytes, between two characters of Unicode; NUL, which PostgreSQL can't
  ///   keep, is replaced. A NUL in any other text makes the store refuse the letter.
  public init(
    at: Timestamp, type: String, userID: String?, userName: String? = nil, isBackend: Bool = false,
    scopes: [String] = [], data: [UInt8], stage: String, error: String, revision: Int, node: String,
    isStored: Bool = false, messageID: MessageID? = nil
  ) {
    self.at = at
    self.type = type
    self.userID = userID
    self.userName = userName
    self.isBackend = isBackend
    self.scopes = scopes
    self.data = data
    self.stage = stage
    self.error = Self.kept(of: error)
    self.revision = revision
    self.node = node
    self.isStored = isStored
    self.messageID = messageID
  }

  private static func kept(of error: String) -> String {
    var text = String.UnicodeScalarView()
    var room = errorLimit
    for scalar in error.unicodeScalars {
      let fit: Unicode.Scalar = scalar == "\0" ? "\u{FFFD}" : scalar
      room -= UTF8.width(fit)
      guard room >= 0 else { break }
      text.append(fit)
    }
    return String(text)
  }
}

/// A dead letter that is in the store.
public struct StoredDeadLetter: Sendable, Equatable {
  /// Its number: higher than those of the letters before it, and never given again.
  public let id: Int64
  /// The letter.
  public let letter: DeadLetter

  /// A letter and its number.
  public init(id: Int64, letter: DeadLetter) {
    self.id = id
    self.letter = letter
  }
}

/// A dead letter as a list shows it: without what the event says.
public struct DeadLetterSummary: Sendable, Equatable {
  /// The letter's number.
  public let id: Int64
  /// When the stage failed.
  public let at: Timestamp
  /// What the event is.
  public let type: String
  /// Who sent it; `nil` where nobody was known yet.
  public let userID: String?
  /// The stage that failed, by its name in the chain.
  public let stage: String
  /// What the stage threw.
  public let error: String
  /// The generation of the chain.
  public let revision: Int
  /// The node that the event came to.
  public let node: String
  /// Whether the event had been stored before the stage failed.
  public let isStored: Bool
  /// The message that it was stored as, where it is one.
  public let messageID: MessageID?
  /// How many bytes the event's data has.
  public let size: Int

  /// A summary by its parts.
  public init(
    id: Int64, at: Timestamp, type: String, userID: String?, stage: String, error: String, revision: Int,
    node: String, isStored: Bool, messageID: MessageID?, size: Int
  ) {
    self.id = id
    self.at = at
    self.type = type
    self.userID = userID
    self.stage = stage
    self.error = error
    self.revision = revision
    self.node = node
    self.isStored = isStored
    self.messageID = messageID
    self.size = size
  }
}

extension DeadLetter {
  /// Whether a text of it holds NUL, which PostgreSQL can't keep; the data is bytes, and may.
  package var holdsNUL: Bool {
    ([type, userID, userName, stage, node] + scopes).contains { $0?.utf8.contains(0) == true }
  }

  /// The scopes as the stores keep them: a JSON array.
  package var scopesJSON: String { JSONValue.array(scopes.map { .string($0) }).text }

  /// The scopes of a JSON array; none where it is no such array.
  package static func scopes(json text: String) -> [String] {
    let value = try? JSONValue(parsing: Array(text.utf8))
    return value?.array?.compactMap(\.string) ?? []
  }
}

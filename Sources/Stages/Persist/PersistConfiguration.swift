public import Pipeline
public import Services

/// What the entry of ``Persist`` holds.
public struct PersistConfiguration: Decodable, Sendable {
  /// Who may send a message to whom; absent: anyone.
  public var whoMayMessage: Audience?
  /// The most bytes of a message's content, in UTF-8; absent: 16 KiB.
  public var maxContent: ByteSize?

  /// A configuration by its parts.
  public init(whoMayMessage: Audience? = nil, maxContent: ByteSize? = nil) {
    self.whoMayMessage = whoMayMessage
    self.maxContent = maxContent
  }

  enum CodingKeys: String, CodingKey {
    case whoMayMessage = "who_may_message"
    case maxContent = "max_content"
  }

  static let options = [
    StageOption(
      "who_may_message", "anyone | connections", default: "anyone", "who may send a message to whom"),
    StageOption("max_content", "size", default: "16KiB", "the most bytes of a message's content"),
  ]

  func check(_ report: inout ConfigurationReport) {
    if let bytes = maxContent?.bytes, !(1...1_048_576).contains(bytes) {
      report.error("'max_content' is from 1B to 1MiB", key: "max_content")
    }
  }
}

import Pipeline

/// Refuses messages that hold a word of a list.
public struct WordFilter: EventStage {
  /// What the entry in `pipeline.yaml` holds.
  public struct Configuration: Decodable, Sendable {
    var words: [String]
  }

  public static let name = "word_filter"
  public static let summary = "refuses messages that hold a word of a list"
  public static let options = [StageOption("words", "list", default: nil, "the words, in whatever case")]
  public static let events: EventFilter = .only(.newMessage, .editMessage)

  let words: Set<String>

  public init(_ configuration: Configuration, _ context: StageContext) {
    words = Set(configuration.words.map { $0.lowercased() })
  }

  public func process(_ event: inout Event) -> Verdict {
    let content = event.data.string("content") ?? ""
    let found = content.lowercased().split { !$0.isLetter }.contains { words.contains(String($0)) }
    return found ? .reject("RUDE", "mind your words") : .continue
  }
}

import Pipeline

/// What a `SYNC_RESULT` says, as far as a load looks at it.
struct SyncPage: Equatable {
  /// How many messages of a length are asked for at a time: all fit well into what a server lets wait for one client.
  static func limit(contentBytes: Int) -> Int {
    131_072 / (contentBytes + envelopeBytesMax)
  }

  /// What stands around a content.
  private static let envelopeBytesMax = 400

  /// Those that a load has sent, in order.
  let contents: [BenchContent]
  /// Where the next page begins.
  let cursor: String
  let hasMore: Bool

  init(contents: [BenchContent], cursor: String, hasMore: Bool) {
    self.contents = contents
    self.cursor = cursor
    self.hasMore = hasMore
  }

  /// `nil` where it is none.
  init?(_ data: EventData) {
    guard let raw = data.raw("messages"), let messages = try? JSONValue(parsing: Array(raw)).array,
      let cursor = data.string("cursor"), let hasMore = data.bool("hasMore")
    else { return nil }
    self.init(
      contents: messages.compactMap { message in
        message["content"]?.string.flatMap { BenchContent(Array($0.utf8)[...]) }
      }, cursor: cursor, hasMore: hasMore)
  }
}

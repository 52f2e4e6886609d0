import Pipeline
public import Services

extension RedisState {
  public func recall(
    _ keys: [SendKey], then: @escaping @Sendable (Result<[SentMessage?], StateError>) -> Void
  ) {
    guard !keys.isEmpty else { return then(.success([])) }
    let names = keys.map { self.keys.send($0) }
    let groups = network.groups(of: names, max: keys.count)
    let gather = Gather(keys.count, parts: groups.count, then)
    var batch = CommandBatch()
    for places in groups {
      batch.add { writer in
        writer.begin(places.count + 1)
        writer.word("MGET")
        for place in places { writer.key(names[place]) }
      } then: { result in
        gather.take(
          result.map { $0.elements.map { $0.text.flatMap(SentMessage.init(compact:)) } }, at: places)
      }
    }
    network.submit(batch)
  }

  public func remember(_ sends: [(key: SendKey, message: SentMessage)], for window: Duration) {
    let milliseconds = max(1, window.wholeMilliseconds)
    var batch = CommandBatch()
    for send in sends {
      batch.add { writer in
        writer.begin(5)
        writer.word("SET")
        writer.key(keys.send(send.key))
        writer.word(send.message.compact)
        writer.word("PX")
        writer.word(milliseconds)
      } then: { _ in
        // Losing it costs a question to the store, never a guarantee; the figures count it.
      }
    }
    if !sends.isEmpty { network.submit(batch) }
  }
}

extension SentMessage {
  /// The id and the digest, in base 36.
  var compact: String { "\(String(id.rawValue, radix: 36)).\(String(digest, radix: 36))" }

  init?(compact text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let id = UInt64(parts[0], radix: 36), let digest = UInt64(parts[1], radix: 36)
    else { return nil }
    self.init(id: MessageID(rawValue: id), digest: digest)
  }
}

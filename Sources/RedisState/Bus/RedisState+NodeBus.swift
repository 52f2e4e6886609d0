public import Services

extension RedisState {
  /// The other nodes that are alive, as of the last heartbeat, or of the last one that came or went.
  public var others: Set<NodeID> { registry.others }

  public func nodes(
    holding users: [String], then: @escaping @Sendable (Result<[[NodeID]], StateError>) -> Void
  ) {
    guard !users.isEmpty else { return then(.success([])) }
    let others = registry.others
    guard !others.isEmpty else { return then(.success(users.map { _ in [] })) }
    let gather = Gather(users.count, parts: users.count, then)
    var batch = CommandBatch()
    for (index, user) in users.enumerated() {
      batch.change("HKEYS", keys.user(user)) { result in
        gather.take(
          result.map { reply in
            let nodes = Set(reply.elements.compactMap { $0.text.flatMap { DeviceEntry.node(of: $0) } })
            return [Array(nodes.intersection(others))]
          }, at: [index])
      }
    }
    network.submit(batch)
  }

  /// Publishes frames on the channels of nodes, all on the one ordered connection: so those to one node arrive in the
  /// order of these calls.
  public func send(_ frames: [(node: NodeID, bytes: [UInt8])], then: @escaping @Sendable (Bool) -> Void) {
    guard !frames.isEmpty else { return then(true) }
    let gather = Gather<Bool>(frames.count, parts: frames.count) { result in
      then((try? result.get())?.allSatisfy { $0 } ?? false)
    }
    var batch = CommandBatch()
    for (index, frame) in frames.enumerated() {
      batch.publish(
        BusFrame(.frame, from: node, frame.bytes), by: network.publishCommand,
        on: keys.channel(of: frame.node)
      ) { result in
        gather.take(result.map { [$0.integer ?? 0 > 0] }, at: [index])
      }
    }
    network.submitInOrder(batch)
  }

  public func listen(_ listener: any NodeBusListener) { inbox.listen(listener) }
}

extension CommandBatch {
  /// Adds a frame; the answer is the number of those who got it.
  mutating func publish(
    _ frame: BusFrame, by command: String, on channel: String,
    then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void = { _ in }
  ) {
    add(
      { writer in
        writer.begin(3)
        writer.word(command)
        writer.key(channel)
        writer.word(frame.bytes)
      }, then: then)
  }
}

public import Pipeline
public import Services

/// Presence is written on the one ordered connection, so that a user's entry and this node's list of its users can't be
/// told apart by an outage, and a later call never overtakes an earlier one.
extension RedisState {
  public func arrive(
    _ user: String, device: ConnectionID, limit: Int,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void
  ) {
    arrive(user, device: device, limit: limit, isHeld: inbox.listener?.holds(user) ?? false, then: then)
  }

  /// - Parameter isHeld: Whether this node holds another device of the user. Where Redis does not know of it, it has lost what
  ///   it held, and others have sent nothing here for that user: before they do so again, the node has to know.
  private func arrive(
    _ user: String, device: ConnectionID, limit: Int, isHeld: Bool,
    then: @escaping @Sendable (Result<Arrival, StateError>) -> Void
  ) {
    upkeep.wakeups.arrived(user)
    var batch = CommandBatch()
    batch.change("SADD", keys.users(of: node), user)
    batch.callUser(.arrive, user, self, arguments: 4) { writer in
      writer.word(registry.lists.known)
      writer.word(DeviceEntry(node: node, device: device).field)
      writer.word(max(1, limit))
      writer.word(isHeld ? 1 : 0)
    } then: { [self] result in
      if isHeld, case .success(let reply) = result, reply.elements.isEmpty {
        inbox.listener?.busIsInterrupted()
        upkeep.wakeups.raise(.rebuild)
        return arrive(user, device: device, limit: limit, isHeld: false) { result in
          // Whom this node holds was online all the time.
          then(result.map { Arrival(cameOnline: false, displaced: $0.displaced) })
        }
      }
      upkeep.repair(after: result)
      then(
        result.map { reply in
          let displaced = reply.elements.dropFirst().compactMap { $0.text.flatMap(DeviceEntry.init(field:)) }
          return Arrival(
            cameOnline: reply.elements.first?.integer == 1,
            displaced: displaced.map { PlacedDevice($0.device, on: $0.node) })
        })
    }
    network.submitInOrder(batch)
  }

  public func depart(
    _ user: String, device: ConnectionID, then: @escaping @Sendable (Result<Bool, StateError>) -> Void
  ) {
    var batch = CommandBatch()
    batch.callUser(.depart, user, self, arguments: 1) { writer in
      writer.word(DeviceEntry(node: node, device: device).field)
    } then: { [upkeep] result in
      upkeep.repair(after: result)
      then(
        result.map { reply in
          upkeep.settle(user, reply)
          return reply.elements.first?.integer == 1
        })
    }
    network.submitInOrder(batch)
  }

  public func lapse(
    _ user: String, after grace: Duration,
    then: @escaping @Sendable (Result<Timestamp?, StateError>) -> Void
  ) {
    // The server's clock and the caller's timer need not run alike: a fiftieth of the time is forgiven, lest a user
    // whose only timer was a millisecond early stays online for good.
    let milliseconds = max(0, grace.wholeMilliseconds)
    let forgiven = milliseconds / 50 + min(5, milliseconds)
    var batch = CommandBatch()
    batch.callUser(.lapse, user, self, arguments: 2) { writer in
      writer.word(milliseconds - forgiven)
      writer.word(registry.lists.waiting)
    } then: { [upkeep] result in
      upkeep.repair(after: result)
      then(
        result.map { reply in
          upkeep.settle(user, reply)
          guard let moment = reply.elements.first?.integer, moment >= 0 else { return nil }
          return Timestamp(milliseconds: moment)
        })
    }
    network.submitInOrder(batch)
  }

  public func presence(
    of users: [String], then: @escaping @Sendable (Result<[PresenceRecord], StateError>) -> Void
  ) {
    guard !users.isEmpty else { return then(.success([])) }
    let gather = Gather(users.count, parts: users.count, then)
    let counting = registry.others.union(registry.waiting).union([node])
    let now = clock.wall()
    var batch = CommandBatch()
    for (index, user) in users.enumerated() {
      batch.change("HGETALL", keys.user(user)) { result in
        gather.take(
          result.map { reply in
            let hash = UserHash(reply)
            let isConnected = !hash.nodes.isDisjoint(with: counting)
            return [
              PresenceRecord(
                userID: user, isOnline: isConnected || hash.holder != nil,
                lastSeen: isConnected ? now : hash.seen)
            ]
          }, at: [index])
      }
    }
    network.submit(batch)
  }

  public func watchAbandoned(_ handler: @escaping @Sendable ([String]) -> Void) { upkeep.watch(handler) }
}

extension CommandBatch {
  /// Adds a command of a key and at most one member.
  mutating func change(
    _ command: String, _ key: String, _ member: String? = nil,
    then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void = { _ in }
  ) {
    add(
      { writer in
        writer.begin(member == nil ? 2 : 3)
        writer.word(command)
        writer.key(key)
        if let member { writer.word(member) }
      }, then: then)
  }

  /// Adds a call of a script about a user.
  mutating func callUser(
    _ script: RedisScript, _ user: String, _ state: RedisState, arguments count: Int,
    _ write: (inout RESPWriter) -> Void, then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    callUser(script, user, state.upkeep, arguments: count, write, then: then)
  }

  /// Adds a call of a script about a user.
  mutating func callUser(
    _ script: RedisScript, _ user: String, _ upkeep: NodeUpkeep, arguments count: Int,
    _ write: (inout RESPWriter) -> Void, then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    call(
      script, keys: 1, arguments: count + 5,
      { writer in
        writer.key(upkeep.keys.user(user))
        writer.word("\(upkeep.node)")
        writer.word(upkeep.registry.lists.live)
        writer.word(upkeep.options.timeOffset().wholeMilliseconds)
        writer.word(upkeep.options.lastSeenKept.wholeMilliseconds)
        write(&writer)
      }, then: then)
  }
}

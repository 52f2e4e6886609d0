import Logging
import Pipeline
import Services

/// Seeing to users: those of dead nodes, and those whom this node may stop seeing to.
extension NodeUpkeep {
  /// Sees to the users of a dead node, if no other node does: takes its entries away, and tells of the users whom that
  /// leaves without a device. The entries go one user at a time in one atomic step each, so whoever goes on after a node
  /// that died over this tells of nobody twice.
  func settleEstate(of dead: NodeID) async throws(StateError) {
    var count = 0
    while try await claim(dead, isDone: false) {
      let users = try await network.ask { batch, then in
        batch.add(
          { writer in
            writer.begin(3)
            writer.word("SRANDMEMBER")
            writer.key(keys.users(of: dead))
            writer.word(Self.usersPerFlush)
          }, then: then)
      }.get().elements.compactMap(\.text)
      if users.isEmpty {
        guard try await claim(dead, isDone: true) else { return }
        registry.forget(dead)
        return logger.notice(
          "the users of a node that is gone were taken over",
          metadata: ["node": "\(dead)", "users": "\(count)"])
      }
      let abandoned = try await take(users, from: dead)
      count += abandoned.count
      if !abandoned.isEmpty { watcher?(abandoned) }
      try await beatIfDue()
    }
  }

  /// Takes users over from a dead node. Returns those who have no device left.
  private func take(_ users: [String], from dead: NodeID) async throws(StateError) -> [String] {
    // They are noted here before anything changes, so that nobody is left to no one if this node dies too.
    _ = try await network.ask { batch, then in
      batch.addMembers("SADD", keys.users(of: node), users, then: then)
    }.get()
    let remaining = try await restore(users.map { Holding(user: $0) }, of: dead)
    let abandoned = zip(users, remaining).filter(\.1).map(\.0)
    for (user, isOurs) in zip(users, remaining) where !isOurs { forgetUnlessHeld(user) }
    _ = try await network.ask { batch, then in
      batch.addMembers("SREM", keys.users(of: dead), users, then: then)
    }.get()
    return abandoned
  }

  private func claim(_ dead: NodeID, isDone: Bool) async throws(StateError) -> Bool {
    try await network.ask { batch, then in
      batch.call(
        .claim, keys: 2, arguments: 7,
        { writer in
          writer.key(keys.leases)
          writer.word(keys.claim(on: dead))
          writer.word(options.timeOffset().wholeMilliseconds)
          writer.word("\(dead)")
          writer.word("\(node)")
          writer.word(options.lease.wholeMilliseconds)
          writer.word(isDone ? 1 : 0)
        }, then: then)
    }.get().integer == 1
  }

  /// What a node holds of a user.
  struct Holding {
    let user: String
    var devices: [DeviceEntry] = []
    /// Whether that is all; else it may hold more.
    var isWhole = true
  }

  /// Writes what a node holds of users. Returns for each whether this node has to see to the end of their grace period.
  func restore(
    _ users: [Holding], of subject: NodeID
  ) async throws(StateError) -> [Bool] {
    guard !users.isEmpty else { return [] }
    let result: Result<[Bool], StateError> = await withCheckedContinuation { next in
      let gather = Gather<Bool>(users.count, parts: users.count) { next.resume(returning: $0) }
      var batch = CommandBatch()
      for (index, entry) in users.enumerated() {
        batch.callUser(
          .restore, entry.user, self, arguments: entry.devices.count + 2,
          { writer in
            writer.word("\(subject)")
            writer.word(entry.isWhole ? 1 : 0)
            for device in entry.devices { writer.word(device.field) }
          }, then: { result in gather.take(result.map { [$0.integer == 1] }, at: [index]) })
      }
      network.submitInOrder(batch)
    }
    return try result.get()
  }

  /// After a script that answered whether a user is this node's concern still: if not, takes the user off its list.
  func settle(_ user: String, _ reply: RESPValue) {
    if reply.elements.count == 2, reply.elements[1].integer == 0 { forgetUnlessHeld(user) }
  }

  /// Takes a user off this node's list, and puts them back where it holds them all the same: the list may name users
  /// in vain, but must not miss one.
  func forgetUnlessHeld(_ user: String) {
    var batch = CommandBatch()
    batch.change("SREM", keys.users(of: node), user)
    batch.change("HGETALL", keys.user(user)) { [self] result in
      guard case .success(let reply) = result, UserHash(reply).concerns(node) else { return }
      var batch = CommandBatch()
      batch.change("SADD", keys.users(of: node), user)
      network.submitInOrder(batch)
    }
    network.submitInOrder(batch)
  }
}

extension CommandBatch {
  /// Adds a command that puts members into a set, or takes them out.
  mutating func addMembers(
    _ command: String, _ key: String, _ members: [String],
    then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    add(
      { writer in
        writer.begin(members.count + 2)
        writer.word(command)
        writer.key(key)
        for member in members { writer.word(member) }
      }, then: then)
  }
}

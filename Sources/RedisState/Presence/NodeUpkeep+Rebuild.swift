import Logging
import Pipeline
import Services

/// Filling the state again after a connection was lost, the lease ran out, or Redis came back empty: what it holds of this
/// node becomes what is connected here.
extension NodeUpkeep {
  private typealias Devices = [String: Set<DeviceEntry>]

  /// How often devices that came or went meanwhile are looked for.
  private static let roundsMax = 8

  /// Where presence could not be written, it is written again with the next heartbeat, when the device that it was about is
  /// known to this node.
  func repair(after result: Result<RESPValue, StateError>) {
    if case .failure = result { wakeups.note(.rebuild) }
  }

  func rebuild() async throws(StateError) {
    guard let listener = inbox.listener else { return wakeups.settled() }
    // Until it is written what is held here, other nodes send nothing here, and number nothing.
    listener.busIsInterrupted()
    var written: Devices = [:]
    for _ in 0..<Self.roundsMax {
      let connected = devices(listener)
      let changed = Set(connected.keys).union(written.keys).filter { connected[$0] != written[$0] }
      if changed.isEmpty { break }
      try await write(holdings(of: changed, connected))
      written = connected
    }
    try await prune(listener)
    wakeups.settled()
    listener.busWasInterrupted()
    logger.info("presence was written again", metadata: ["users": "\(written.count)"])
  }

  /// Takes away what this node is said to hold, and does not.
  private func prune(_ listener: any NodeBusListener) async throws(StateError) {
    // Whoever comes after this is among the arrivals.
    let connected = devices(listener)
    var place = "0"
    repeat {
      let (from, key) = (place, keys.users(of: node))
      let reply = try await network.ask { batch, then in
        batch.add(
          { writer in
            writer.begin(5)
            writer.word("SSCAN")
            writer.key(key)
            writer.word(from)
            writer.word("COUNT")
            writer.word(Self.usersPerFlush)
          }, then: then)
      }.get()
      guard reply.elements.count == 2, let next = reply.elements[0].text else {
        throw StateError("Redis answered a scan oddly")
      }
      place = next
      let gone = reply.elements[1].elements.compactMap(\.text).filter { connected[$0] == nil }
      try await write(holdings(of: gone, connected))
    } while place != "0"
  }

  /// Writes what this node holds of users, and tells of those who are left without a device: whoever was to see to the
  /// end of their grace period may have failed to.
  private func write(_ users: [Holding]) async throws(StateError) {
    for start in stride(from: 0, to: users.count, by: Self.usersPerFlush) {
      let part = Array(users[start..<min(users.count, start + Self.usersPerFlush)])
      _ = try await network.ask { batch, then in
        batch.addMembers("SADD", keys.users(of: node), part.map(\.user), then: then)
      }.get()
      let remaining = try await restore(part, of: node)
      var abandoned: [String] = []
      for (entry, isOurs) in zip(part, remaining) where entry.devices.isEmpty {
        if isOurs { abandoned.append(entry.user) } else { forgetUnlessHeld(entry.user) }
      }
      if !abandoned.isEmpty { watcher?(abandoned) }
      try await beatIfDue()
    }
  }

  /// What is held of users, going by a list of devices. Of those who have arrived since, it may be more, and nothing may
  /// be taken away; so of all, where too many have come to tell.
  private func holdings(of users: some Sequence<String>, _ connected: Devices) -> [Holding] {
    let arrivals = wakeups.arrivals
    return users.compactMap { user in
      let isWhole = arrivals.map { !$0.contains(user) } ?? false
      let devices = connected[user] ?? []
      guard isWhole || !devices.isEmpty else { return nil }
      return Holding(user: user, devices: Array(devices), isWhole: isWhole)
    }
  }

  private func devices(_ listener: any NodeBusListener) -> Devices {
    listener.connectedDevices().reduce(into: [:]) { devices, entry in
      devices[entry.user, default: []].insert(DeviceEntry(node: node, device: entry.device))
    }
  }
}

import Pipeline
import Services

/// Users may have their devices on other nodes: those are asked, and answer as soon as they hear of somebody.
extension ClusterRouter: Liveness {
  /// The time between two looks at who has been heard.
  private static let pause = Duration.milliseconds(250)
  /// The longest time, in milliseconds, that another node can ask about or wait for.
  private static let longest: UInt64 = 3_600_000

  func connected(among users: Set<String>, then: @escaping @Sendable (Set<String>) -> Void) {
    let here = Set(hub.connected(among: Array(users)))
    let rest = Array(users.subtracting(here))
    guard let bus, !rest.isEmpty else { return then(here) }
    bus.nodes(holding: rest) { result in
      switch result {
      case .success(let nodes): then(here.union(zip(rest, nodes).filter { !$1.isEmpty }.map(\.0)))
      // Nobody knows, so anyone may be.
      case .failure: then(users)
      }
    }
  }

  func heard(among users: Set<String>, since moment: UInt64) -> Set<String> {
    hub.heard(among: users, since: moment).union(signs.heard(among: users, since: moment))
  }

  func probe(
    _ users: Set<String>, since moment: UInt64, within patience: Duration,
    unreachable: @escaping @Sendable (Set<String>) -> Void
  ) {
    hub.probe(users)
    guard let bus else { return }
    let waiting = UInt64(max(0, patience.wholeNanoseconds))
    signs.keep(for: 2 * waiting)
    let asked = Array(users)
    bus.nodes(holding: asked) { [self] result in
      guard case .success(let nodes) = result else {
        return unreachable(users.subtracting(hub.connected(among: asked)))
      }
      var parts: [NodeID: [String]] = [:]
      for (user, holders) in zip(asked, nodes) {
        for node in holders { parts[node, default: []].append(user) }
      }
      let age = clock.monotonic() - min(moment, clock.monotonic())
      for (node, part) in parts {
        let probe = NodeFrame.Content.probe(users: part, age: age / 1_000_000, patience: waiting / 1_000_000)
        send(probe, to: node) { isSent in if !isSent { unreachable(Set(part)) } }
      }
    }
  }

  /// Answers another node's question: at once about those who have been heard, and about others when they are.
  func answer(_ node: NodeID, about users: Set<String>, age: UInt64, patience: UInt64) {
    let now = clock.monotonic()
    let since = now - min(now, min(age, Self.longest) * 1_000_000)
    hub.probe(users.subtracting(hub.heard(among: users, since: since)))
    look(for: users, since: since, until: now + min(patience, Self.longest) * 1_000_000, for: node)
  }

  private func look(for users: Set<String>, since moment: UInt64, until end: UInt64, for node: NodeID) {
    let heard = hub.heard(among: users, since: moment)
    let now = clock.monotonic()
    if !heard.isEmpty {
      send(.alive(heard.map { ($0, (now - min(now, hub.lastHeard($0))) / 1_000_000) }), to: node)
    }
    let silent = Set(hub.connected(among: Array(users.subtracting(heard))))
    guard !silent.isEmpty, now < end else { return }
    scheduler.after(Self.pause) { [self] in look(for: silent, since: moment, until: end, for: node) }
  }
}

import Pipeline

/// What is different between what is in force and what a file says, and how it would come into force.
struct ReloadPlan {
  private(set) var changes: [ReloadChange] = []

  /// What only the start reads: the backends and the sockets.
  private static let fixed = [
    ["server", "listen"], ["server", "admin"], ["server", "lease"], ["store"], ["state"], ["control"],
    ["search"], ["retention"],
  ]
  /// The keys of a stage's entry that say how it is run, not what it is.
  private static let running: Set<String> = ["events", "timeout", "on_error", "enforce"]

  /// - Parameters:
  ///   - inForce: The file as it was last put in force.
  ///   - chain: The chain that it was made to.
  ///   - started: The file as it was when the daemon started.
  init(
    from inForce: LoadedConfiguration.Content, _ chain: Chain,
    startedWith started: LoadedConfiguration.Content, to next: LoadedConfiguration.Content
  ) {
    for path in Self.fixed { compare(started.root, next.root, at: path, .restart) }
    let (hadTLS, hasTLS) = (started.daemon.server?.tls != nil, next.daemon.server?.tls != nil)
    if hadTLS != hasTLS {
      changes.append(
        ReloadChange(path: "server.tls", effect: .restart, detail: hasTLS ? "switched on" : "switched off"))
    } else {
      compare(inForce.root, next.root, at: ["server", "tls"], .hot)
    }
    let server = Set((inForce.root["server"]?.entries ?? []).map(\.key))
      .union((next.root["server"]?.entries ?? []).map(\.key))
      .subtracting(["listen", "admin", "lease", "tls"])
    for key in server.sorted() { compare(inForce.root, next.root, at: ["server", key], .hot) }
    compareStages(inForce.plan.entries, chain, next.plan.entries)
  }

  private mutating func compareStages(_ old: [StageEntry], _ chain: Chain, _ new: [StageEntry]) {
    for entry in old where entry.isEnabled && !new.contains(where: { $0.isEnabled && $0.name == entry.name })
    {
      note(entry, nil, .hot, "ended")
    }
    for entry in new where entry.isEnabled {
      guard let before = old.first(where: { $0.isEnabled && $0.name == entry.name }),
        before.typeName == entry.typeName
      else {
        note(entry, nil, .rebuild, "started")
        continue
      }
      if let running = chain.stages.first(where: { $0.name == entry.name })?.fingerprint {
        for file in entry.fingerprint.filesChanged(from: running) {
          note(entry, nil, .rebuild, "'\(file)' holds something else")
        }
      }
      compareKeys(of: entry, before)
    }
    let order = { (entries: [StageEntry], others: [StageEntry]) in
      entries.filter(\.isEnabled).map(\.name).filter { name in
        others.contains { $0.isEnabled && $0.name == name }
      }
    }
    if order(old, new) != order(new, old) {
      changes.append(
        ReloadChange(
          path: "pipeline", effect: .hot,
          detail: "in another order: " + order(new, old).joined(separator: ", ")))
    }
  }

  private mutating func compareKeys(of entry: StageEntry, _ before: StageEntry) {
    let keys = Set(before.node.entries.map(\.key)).union(entry.node.entries.map(\.key))
      .subtracting(["stage", "name", "enabled"])
    for key in keys.sorted() {
      let (old, new) = (before.node[key], entry.node[key])
      guard old?.canonical != new?.canonical else { continue }
      note(entry, key, Self.running.contains(key) ? .hot : .rebuild, Self.detail(old, new, key))
    }
  }

  private mutating func note(
    _ entry: StageEntry, _ key: String?, _ effect: ReloadChange.Effect, _ detail: String
  ) {
    let path = "pipeline.\(entry.name)" + (key.map { ".\($0)" } ?? "")
    changes.append(ReloadChange(path: path, effect: effect, detail: detail))
  }

  /// Compares what stands at a path, key by key where both are mappings.
  private mutating func compare(
    _ old: YAMLNode?, _ new: YAMLNode?, at path: [String], _ effect: ReloadChange.Effect
  ) {
    let find = { (root: YAMLNode?) in path.reduce(root) { $0?[$1] } }
    let (before, after) = (find(old), find(new))
    guard before?.canonical != after?.canonical else { return }
    let keys = Set((before?.entries ?? []).map(\.key)).union((after?.entries ?? []).map(\.key))
    guard keys.isEmpty else {
      for key in keys.sorted() { compare(old, new, at: path + [key], effect) }
      return
    }
    changes.append(
      ReloadChange(
        path: path.joined(separator: "."), effect: effect,
        detail: Self.detail(before, after, path.last ?? "")))
  }

  private static func detail(_ old: YAMLNode?, _ new: YAMLNode?, _ key: String) -> String {
    "\(shown(old, key)) -> \(shown(new, key))"
  }

  /// A value as it may be shown: without the password of an address, and nothing of what is named like a secret.
  private static func shown(_ node: YAMLNode?, _ key: String) -> String {
    guard let node else { return "(default)" }
    return FaultReport.withoutPassword(withoutSecrets(node, key).text)
  }

  private static func withoutSecrets(_ node: YAMLNode, _ key: String) -> YAMLNode {
    var node = node
    switch node.value {
    case .scalar:
      // `server.tls.key` is a path.
      let isSecret = ["secret", "password", "token", "_key"].contains { key.lowercased().hasSuffix($0) }
      if isSecret { node.value = .scalar("(hidden)", isPlain: true) }
    case .sequence(let items): node.value = .sequence(items.map { withoutSecrets($0, key) })
    case .mapping(let entries):
      node.value = .mapping(
        entries.map { entry in
          var entry = entry
          entry.value = withoutSecrets(entry.value, entry.key)
          return entry
        })
    }
    return node
  }
}

import Pipeline
import Stages

/// A configuration as tests of its chain run it: with no server, no network and no secret.
///
/// What connects to something or reads a secret is taken out before the file is checked, with whatever is wrong about
/// it on this machine: the store, the state, listeners and certificates. `auth` gets a secret of the run's own in the
/// place of its keys, and `fcm` and `webhook` are switched off.
struct TestedConfiguration: Sendable {
  let loaded: LoadedConfiguration
  let secret: [UInt8]

  /// - Parameter folder: Where the secret is made.
  /// - Throws: ``KeyFileError`` where that can't be.
  init(_ path: String, _ registry: StageRegistry, environment: [String: String], in folder: TemporaryFolder)
    throws
  {
    let file = "\(folder.path)/secret"
    _ = try SecretFile.makeIfMissing(file)
    secret = try SecretFile.read(file).secrets[0]
    loaded = LoadedConfiguration(path, registry, environment: environment) { configuration, faults in
      var removed: Set<Mark> = []
      configuration.root = Self.adapted(configuration.root, secret: file, &removed)
      faults.removeAll { removed.contains($0.mark) }
    }
  }

  /// What belongs to a machine and not to the chain.
  private static let surroundings: [[String]] = [
    ["store"], ["state"], ["control"], ["retention", "messages"], ["server", "listen"], ["server", "admin"],
    ["server", "tls"], ["server", "trusted_proxies"],
  ]

  private static func adapted(_ root: YAMLNode, secret: String, _ removed: inout Set<Mark>) -> YAMLNode {
    var root = root
    for path in surroundings { root = root.without(path[...], &removed) }
    return root.changing("pipeline") { pipeline in
      guard case .sequence(let items) = pipeline.value else { return pipeline }
      return YAMLNode(
        .sequence(
          items.map { item in
            switch item["stage"]?.value {
            case .scalar(Auth.name, _): withOwnKeys(item, secret, &removed)
            case .scalar(Fcm.name, _), .scalar(Webhook.name, _): switchedOff(item, &removed)
            default: item
            }
          }), at: pipeline.mark)
    }
  }

  private static func withOwnKeys(_ item: YAMLNode, _ secret: String, _ removed: inout Set<Mark>) -> YAMLNode
  {
    let keys = ["secret_file", "public_key_file", "jwks_file", "jwks_url", "jwks_refresh", "algorithms"]
    // A stage without any key is wrong, and stays so.
    let hasKeys = keys.prefix(4).contains { item[$0] != nil }
    let rest = keys.reduce(item) { $0.without([$1], &removed) }
    guard hasKeys else { return item }
    let own = YAMLNode.Entry("secret_file", YAMLNode(.scalar(secret, isPlain: false), at: item.mark))
    return YAMLNode(.mapping(rest.entries + [own]), at: item.mark)
  }

  private static func switchedOff(_ item: YAMLNode, _ removed: inout Set<Mark>) -> YAMLNode {
    let kept = item.entries.filter { $0.key == "stage" || $0.key == "name" }
    for entry in item.entries where entry.key != "stage" && entry.key != "name" {
      removed.formUnion(entry.value.marks)
    }
    let off = YAMLNode.Entry("enabled", YAMLNode(.scalar("false", isPlain: true), at: item.mark))
    return YAMLNode(.mapping(kept + [off]), at: item.mark)
  }
}

extension YAMLNode {
  /// The mapping with the value of a key changed; itself where it has no such key.
  fileprivate func changing(_ key: String, _ change: (YAMLNode) -> YAMLNode) -> YAMLNode {
    guard case .mapping(var entries) = value, let place = entries.firstIndex(where: { $0.key == key }) else {
      return self
    }
    entries[place].value = change(entries[place].value)
    return YAMLNode(.mapping(entries), at: mark)
  }

  /// The mapping without the value at a path, whose places are added to `removed`.
  fileprivate func without(_ path: ArraySlice<String>, _ removed: inout Set<Mark>) -> YAMLNode {
    guard let key = path.first, let found = self[key] else { return self }
    guard path.count == 1 else { return changing(key) { $0.without(path.dropFirst(), &removed) } }
    removed.formUnion(found.marks)
    return YAMLNode(.mapping(entries.filter { $0.key != key }), at: mark)
  }

  /// Where it stands, and where all that it holds does.
  fileprivate var marks: [Mark] {
    switch value {
    case .scalar: [mark]
    case .sequence(let items): [mark] + items.flatMap(\.marks)
    case .mapping(let entries): [mark] + entries.flatMap(\.value.marks)
    }
  }
}

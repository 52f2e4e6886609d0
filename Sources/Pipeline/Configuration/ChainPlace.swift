/// A place in a chain's order: what is known of the stage that stands there, read as a whole or not.
struct ChainPlace {
  /// The entry in the file.
  let node: YAMLNode
  /// The name of the stage's type; `nil` where it is not known.
  var typeName: String?
  /// The name that the stage goes by; `nil` where it is not known.
  var givenName: String?
  /// Whether it is part of the chain, or may be.
  var isEnabled = true
  /// What it needs and gives; `nil` where it is not known.
  var requirements: Requirements?
  /// What becomes of an event when the stage fails; `nil` where it is not known.
  var onError: FaultPolicy?
  /// How far the stage is obeyed; `nil` where it is not known.
  var enforcement: Enforcement?

  /// The place of an entry that could not be read.
  init(_ node: YAMLNode) { self.node = node }

  /// The place of an entry, of which the values at `unread` could not be read.
  init(_ entry: StageEntry, unread: Set<Mark>) {
    func isRead(_ key: String) -> Bool { entry.node[key].map { !unread.contains($0.mark) } ?? true }
    node = entry.node
    typeName = entry.typeName
    if isRead("name") { givenName = entry.name }
    // Of a stage that is on or off, nothing is known.
    guard isRead("enabled") else { return }
    isEnabled = entry.isEnabled
    if entry.requirementsAreKnown { requirements = entry.requirements }
    if isRead("on_error") { onError = entry.onError }
    if isRead("enforce") { enforcement = entry.enforcement }
  }

  /// Whether it is not known what the stage needs and gives.
  var isGap: Bool { requirements == nil }
  var needs: [Capability] { requirements?.needs ?? [] }
  var gives: [Capability] { requirements?.gives ?? [] }
  /// What the stage is called in a fault.
  var name: String { givenName ?? typeName ?? "" }
  /// Where the entry stands.
  var mark: Mark { node.mark }

  /// Where the value of a key stands; the entry's place where the key is not set.
  func mark(of key: String) -> Mark { node[key]?.mark ?? node.mark }
}

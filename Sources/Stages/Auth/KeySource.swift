/// Where the keys in force come from.
protocol KeySource: Sendable {
  /// The keys in force.
  var keys: KeySet { get }

  /// Whether the source has never had any keys, so that nothing can be said of any token.
  var isWaiting: Bool { get }

  /// Looks for newer keys because a token names one that is not known. Returns when it has, or at once where it may not
  /// look again yet.
  func refresh() async

  /// Looks for newer keys now, since the operator asks for it.
  func fetch() async

  /// Looks for no newer keys any more.
  func end()
}

/// Keys that stay as they are.
struct FixedKeys: KeySource {
  let keys: KeySet

  /// - Parameter older: Keys that stay the same where they are among these.
  init(_ keys: KeySet, inheriting older: KeySet = .none) { self.keys = keys.replacing(older).set }

  var isWaiting: Bool { false }

  func refresh() async {}
  func fetch() async {}
  func end() {}
}

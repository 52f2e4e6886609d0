/// What a load keeps on one of its event loops: the clients there, and what they have counted. Used on that loop only.
protocol BenchShare: AnyObject, SendableMetatype {
  init(_ loop: BenchLoop)

  var loop: BenchLoop { get }

  /// What the client of a number does.
  func role(_ number: Int, token: String) -> any BenchRole
}

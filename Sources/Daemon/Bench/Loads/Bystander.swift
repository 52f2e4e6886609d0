/// Connects and stays silent.
final class Bystander: BenchRole {
  private let isLost: (UInt16?) -> Void

  /// - Parameter isLost: Is told when its connection was closed, and by which code.
  init(_ isLost: @escaping (UInt16?) -> Void) { self.isLost = isLost }

  func lost(code: UInt16?) { isLost(code) }
}

/// What one client of a load does, apart from its connection. Used on its event loop only.
protocol BenchRole: AnyObject {
  /// The bytes that its socket is to hold of what was not read; `nil` for what the kernel gives.
  var receiveBuffer: Int32? { get }

  /// It may send.
  func opened(_ client: BenchClient)

  /// It has been told something.
  func take(_ incoming: BenchIncoming, _ client: BenchClient)

  /// Its connection has ended, once open, and not from this side; by which code, where there was one.
  func lost(code: UInt16?)
}

extension BenchRole {
  var receiveBuffer: Int32? { nil }
  func opened(_ client: BenchClient) {}
  func take(_ incoming: BenchIncoming, _ client: BenchClient) {}
}

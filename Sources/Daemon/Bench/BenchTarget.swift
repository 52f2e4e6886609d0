import NIOCore

/// A node that a load connects to, its name looked up once for all clients.
struct BenchTarget: Sendable {
  let address: ListenAddress
  let socket: SocketAddress

  /// - Throws: `CommandError` where it is no place to connect to.
  init(_ address: ListenAddress) throws {
    self.address = address
    do {
      switch address {
      case .tcp(let host, let port): socket = try .makeAddressResolvingHost(host, port: port)
      case .unix(let path): socket = try SocketAddress(unixDomainSocketPath: path)
      case .systemd:
        throw CommandError("where it listens is for systemd to say; give --at HOST:PORT or --at unix:/PATH")
      }
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError("there is no \(address): \(error)")
    }
  }
}

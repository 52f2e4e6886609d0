import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Pipeline

/// A WebSocket to a daemon, as the command line uses it: one message at a time.
final class ChatClient: Sendable {
  private let channel: any Channel
  private let frames: FrameQueue

  /// Connects and waits for the handshake's answer.
  ///
  /// - Throws: `CommandError` where there is no daemon, or it refuses.
  init(_ address: ListenAddress, encrypted: Bool, token: String) async throws {
    guard address != .systemd else {
      throw CommandError(
        "where the daemon listens is for systemd to say: give --at HOST:PORT or --at unix:/PATH")
    }
    let queue = FrameQueue()
    do {
      let client = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if encrypted { try pipeline.addHandler(Self.encryption(to: address)) }
            try pipeline.addHandler(ChatHandler(host: address.host, token: token, queue: queue))
          }
        }
      switch address {
      case .tcp(let host, let port): channel = try await client.connect(host: host, port: port).get()
      case .unix(let path): channel = try await client.connect(unixDomainSocketPath: path).get()
      case .systemd: throw CommandError("it is no address")
      }
    } catch {
      throw CommandError("no daemon answers at \(address); start one with `sluice serve`")
    }
    frames = queue
  }

  /// TLS to a daemon. Its certificate is not for the addresses of this machine, and nobody is between here and there;
  /// of all others it is checked.
  static func encryption(to address: ListenAddress) throws -> NIOSSLClientHandler {
    var settings = TLSConfiguration.makeClientConfiguration()
    if address.isLocal { settings.certificateVerification = .none }
    let context = try NIOSSLContext(configuration: settings)
    guard case .tcp(let host, _) = address, !address.isLocal, IPAddress(host) == nil else {
      return try NIOSSLClientHandler(context: context, serverHostname: nil)
    }
    return try NIOSSLClientHandler(context: context, serverHostname: host)
  }

  /// The next event; `nil` when the daemon has closed the connection.
  ///
  /// - Throws: `CommandError` where the daemon refused the connection or broke the protocol.
  func next() async throws -> JSONValue? {
    guard let text = try await frames.next() else { return nil }
    return try? JSONValue(parsing: text)
  }

  func send(_ event: OutgoingEvent) async throws {
    var buffer = ByteBuffer()
    FrameWriter.append(text: event.bytes, to: &buffer, mask: .random(in: 0...UInt32.max))
    try await channel.writeAndFlush(buffer)
  }

  func close() async {
    var buffer = ByteBuffer()
    FrameWriter.append(close: .normal, to: &buffer, mask: .random(in: 0...UInt32.max))
    try? await channel.writeAndFlush(buffer)
    try? await channel.close()
  }
}

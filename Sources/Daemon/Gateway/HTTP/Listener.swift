import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Takes connections at an address.
enum Listener {
  /// How many connections may wait to be taken.
  private static let backlog: Int32 = 4096

  /// A token and some cookies fit; what nobody has been authenticated for holds no more.
  private static let headerLimits = {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 * 1024
    limits.maxHeaderListSize = 32 * 1024
    limits.maxHeaderFieldCount = 128
    return limits
  }()

  /// Begins to take connections of clients; each belongs to the loop that it lands on.
  ///
  /// - Parameters:
  ///   - passed: The sockets that systemd has opened for it.
  ///   - certificates: What makes connections encrypted; `nil` where they are not.
  static func clients(
    at address: ListenAddress, _ passed: [PassedSockets.Socket], group: any EventLoopGroup,
    loops: [LoopGateway], certificates: Certificates?
  ) async throws -> [any Channel] {
    let byLoop = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    let server = bootstrap(group) { channel in
      guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else { return channel.close() }
      return channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, loop, certificates) }
    }
    return try await bind(server, to: address, passed)
  }

  private static func addHandlers(
    to channel: any Channel, _ loop: LoopGateway, _ certificates: Certificates?
  ) throws {
    let peer = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init)
    let http = HTTPHandler(loop: loop, peer: peer)
    let pipeline = channel.pipeline.syncOperations
    if loop.settings.trustedProxies.trust(peer) {
      try pipeline.addHandler(ProxyHeaderHandler { http.speak(for: $0) })
    }
    if let certificates { try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context)) }
    try addHTTP(to: channel, http)
  }

  /// Begins to take connections of the operator.
  static func admin(
    at address: ListenAddress, _ passed: [PassedSockets.Socket], group: any EventLoopGroup, overview: Overview
  ) async throws -> [any Channel] {
    let server = bootstrap(group) { channel in
      channel.eventLoop.makeCompletedFuture { try addHTTP(to: channel, AdminHandler(overview: overview)) }
    }
    return try await bind(server, to: address, passed)
  }

  /// Begins to take connections of the operator's tools, from processes of the daemon's own user and of root alone.
  ///
  /// - Throws: `CommandError` where the path is taken.
  static func control(at path: SocketPath, group: any EventLoopGroup, desk: ControlDesk) async throws
    -> any Channel
  {
    let server = bootstrap(group) { channel in
      PeerCredentials.mayControl(channel).flatMap { mayControl in
        guard mayControl else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture { try addHTTP(to: channel, ControlHandler(desk: desk)) }
      }
    }
    try UnixSocket.makeFolder(of: path.path)
    try await UnixSocket.makeWay(at: path.path)
    let channel = try await server.bind(unixDomainSocketPath: path.path).get()
    chmod(path.path, 0o600)
    return channel
  }

  private static func bind(
    _ server: ServerBootstrap, to address: ListenAddress, _ passed: [PassedSockets.Socket]
  ) async throws -> [any Channel] {
    switch address {
    case .tcp(let host, let port): return [try await server.bind(host: host, port: port).get()]
    case .unix(let path):
      try await UnixSocket.makeWay(at: path)
      let channel = try await server.bind(unixDomainSocketPath: path).get()
      // Whoever may connect is for the directory and the group to say.
      chmod(path, 0o660)
      return [channel]
    case .systemd:
      var channels: [any Channel] = []
      for socket in passed {
        channels.append(try await server.withBoundSocket(socket.descriptor).get())
        // Adopting has set it to a default.
        listen(socket.descriptor, backlog)
      }
      return channels
    }
  }

  private static func bootstrap(
    _ group: any EventLoopGroup, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.maxMessagesPerRead, value: 16)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: PassingBuffers())
      .childChannelInitializer(initialize)
  }

  private static func addHTTP(to channel: any Channel, _ handler: HTTPExchange) throws {
    let pipeline = channel.pipeline.syncOperations
    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: headerLimits)
    try pipeline.addHandler(ByteToMessageHandler(decoder))
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(handler)
  }
}

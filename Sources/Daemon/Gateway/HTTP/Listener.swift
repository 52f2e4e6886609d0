import NIOCore
import NIOHTTP1
import NIOPosix

/// Takes connections at an address.
enum Listener {
  /// Small reads to begin with: an idle connection holds no buffer, a busy one grows its own.
  private static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
    minimum: 256, initial: 512, maximum: 65_536)

  /// Begins to take connections of clients; each belongs to the loop that it lands on.
  static func clients(
    at address: HostPort, group: any EventLoopGroup, loops: [LoopGateway]
  ) async throws -> any Channel {
    let byLoop = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    return try await bootstrap(group) { channel in
      guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else { return channel.close() }
      let remote = channel.remoteAddress?.ipAddress ?? "local"
      return channel.eventLoop.makeCompletedFuture {
        try addHTTP(to: channel, HTTPHandler(loop: loop, remoteAddress: remote))
      }
    }.bind(host: address.host, port: address.port).get()
  }

  /// Begins to take connections of the operator.
  static func admin(at address: HostPort, group: any EventLoopGroup, overview: Overview) async throws
    -> any Channel
  {
    try await bootstrap(group) { channel in
      channel.eventLoop.makeCompletedFuture { try addHTTP(to: channel, AdminHandler(overview: overview)) }
    }.bind(host: address.host, port: address.port).get()
  }

  private static func bootstrap(
    _ group: any EventLoopGroup, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.maxMessagesPerRead, value: 16)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: receiveAllocator)
      .childChannelInitializer(initialize)
  }

  private static func addHTTP(to channel: any Channel, _ handler: HTTPExchange) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(handler)
  }
}

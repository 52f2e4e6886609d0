import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections: knows where the server is, or whom to ask, and how to encrypt.
struct RedisDialer: Sendable {
  private let url: RedisURL
  private let options: RedisOptions
  private let tls: NIOSSLContext?
  /// Tells where the server is by now, for one that is found by others.
  private var locate: (@Sendable () -> RedisURL.Endpoint?)?

  /// - Throws: A ``RedisError`` where the certificates to trust can't be read.
  init(_ url: RedisURL, _ options: RedisOptions) throws(RedisError) {
    self.url = url
    self.options = options
    do {
      tls = try url.isEncrypted ? Self.context(url.authorityFile) : nil
    } catch {
      throw RedisError(
        "the certificates of '\(url.authorityFile ?? "the system")' can't be used: \(error)", isLasting: true)
    }
  }

  /// A dialer for one server of those that this one knows.
  private init(_ endpoint: RedisURL.Endpoint, like other: RedisDialer) {
    var url = other.url
    url.topology = .single(endpoint)
    self.url = url
    options = other.options
    tls = other.tls
  }

  /// The same, for one server.
  func to(_ endpoint: RedisURL.Endpoint) -> RedisDialer { RedisDialer(endpoint, like: self) }

  /// The same, for the server that `locate` tells each time.
  func to(_ locate: @escaping @Sendable () -> RedisURL.Endpoint?) -> RedisDialer {
    var dialer = self
    dialer.locate = locate
    return dialer
  }

  /// The host, where it is a single one.
  var host: String? { if case .single(let endpoint) = url.topology { endpoint.host } else { nil } }

  /// Opens a connection with a handler that is made on the loop.
  func connect(
    on loop: any EventLoop, _ handler: @escaping @Sendable () -> any ChannelHandler
  ) -> EventLoopFuture<Void> {
    switch url.topology {
    case .single(let endpoint): return connect(to: endpoint, on: loop, handler)
    case .sentinel(let sentinels, let master):
      return SentinelQuestion(self, options).master(master, of: sentinels, on: loop)
        .flatMap { connect(to: $0, on: loop, handler) }
    case .cluster(let endpoints):
      // With no map to go by, as in `check`, any will do.
      let found = locate.map { $0() } ?? endpoints.first
      guard let endpoint = found else {
        return loop.makeFailedFuture(RedisError("no server of the cluster owns the channel"))
      }
      return connect(to: endpoint, on: loop, handler)
    }
  }

  func connect(
    to endpoint: RedisURL.Endpoint, on loop: any EventLoop,
    _ handler: @escaping @Sendable () -> any ChannelHandler
  ) -> EventLoopFuture<Void> {
    ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(options.connectTimeout))
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(Self.encryption(tls, endpoint.host))
          }
          try channel.pipeline.syncOperations.addHandler(handler())
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
      .map { _ in }
      .flatMapErrorThrowing { _ in throw RedisError("no connection to \(endpoint)") }
  }

  private static func context(_ authorityFile: String?) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    if let authorityFile {
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorityFile))
    }
    return try NIOSSLContext(configuration: configuration)
  }

  /// An address is no server name; the certificate is then checked against the peer's own address.
  private static func encryption(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
  }
}

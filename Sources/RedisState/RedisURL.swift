/// Where a Redis is and how it is entered.
///
/// | form | what |
/// | --- | --- |
/// | `redis://[user:password@]host[:port][/db]` | one server |
/// | `redis+sentinel://[…@]host:port,host:port/name[/db]` | the master of that name, as these Sentinels say |
/// | `redis+cluster://[…@]host:port,host:port` | a cluster that these nodes belong to |
///
/// With `rediss` for `redis` the connections are encrypted; `?ca=FILE` then names the certificates to trust in place of
/// the system's. Users and passwords are percent-encoded; they are those of the servers: Sentinels are asked without. As text it shows no password.
public struct RedisURL: Sendable, Equatable {
  /// A host and port.
  public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// An endpoint by its parts.
    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// How the servers hang together.
  public enum Topology: Sendable, Equatable {
    /// One server.
    case single(Endpoint)
    /// The master of a name, found by Sentinels.
    case sentinel([Endpoint], master: String)
    /// A cluster, some of whose nodes are known.
    case cluster([Endpoint])
  }

  /// Where it is.
  public var topology: Topology
  /// The user to enter as; absent: the default one.
  public var user: String?
  /// The password to enter with.
  public var password: String?
  /// The number of the database.
  public var database = 0
  /// Whether connections are encrypted.
  public var isEncrypted = false
  /// A file of the certificates to trust; absent: the system's.
  public var authorityFile: String?

  /// One server by its endpoint.
  public init(_ endpoint: Endpoint) { topology = .single(endpoint) }
}

extension RedisURL: CustomStringConvertible {
  /// The URL without its password.
  public var description: String {
    let scheme = isEncrypted ? "rediss" : "redis"
    let entry = user.map { "\($0)@" } ?? ""
    switch topology {
    case .single(let endpoint): return "\(scheme)://\(entry)\(endpoint)/\(database)"
    case .sentinel(let endpoints, let master):
      return "\(scheme)+sentinel://\(entry)\(Self.list(endpoints))/\(master)/\(database)"
    case .cluster(let endpoints): return "\(scheme)+cluster://\(entry)\(Self.list(endpoints))"
    }
  }

  private static func list(_ endpoints: [Endpoint]) -> String {
    endpoints.map(\.description).joined(separator: ",")
  }
}

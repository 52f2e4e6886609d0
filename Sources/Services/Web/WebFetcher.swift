public import Pipeline

/// Fetches small documents from other servers.
public protocol WebFetcher: Sendable {
  /// Fetches a document by GET. Redirects are not followed.
  ///
  /// - Parameters:
  ///   - address: An absolute `http` or `https` address.
  ///   - limit: The most bytes of its body; a longer one is an error.
  ///   - timeout: How long everything together may take.
  /// - Throws: what keeps it from being fetched; ``WebFault`` where it is not the network's.
  func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse
}

/// What a server has answered.
public struct WebResponse: Sendable {
  /// The status, such as 200.
  public var status: Int
  /// The value of `Cache-Control`, where there is one.
  public var cacheControl: String?
  /// The body.
  public var body: [UInt8]

  /// An answer by its parts.
  public init(status: Int, cacheControl: String? = nil, body: [UInt8]) {
    self.status = status
    self.cacheControl = cacheControl
    self.body = body
  }
}

/// Why a document was not fetched, where the network has done its part.
public struct WebFault: Error, Sendable, CustomStringConvertible {
  /// What is wrong, in words for the operator.
  public let description: String

  /// A fault with its description.
  public init(_ description: String) { self.description = description }
}

/// The key under which stages find the fetcher.
public enum WebFetcherKey: ServiceKey {
  /// The fetcher's seam.
  public typealias Service = any WebFetcher
}

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Pipeline
import Services

/// Fetches documents by HTTP, certificates checked against the system's authorities.
final class HTTPFetcher: WebFetcher {
  private let client: HTTPClient

  init(_ group: any EventLoopGroup) {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.connectionPool.idleTimeout = .seconds(10)
    configuration.timeout.connect = .seconds(3)
    client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
  }

  func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse {
    var request = HTTPClientRequest(url: address)
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: "sluice/\(Sluice.version)")
    let response = try await client.execute(request, timeout: .nanoseconds(timeout.wholeNanoseconds))
    let body: ByteBuffer
    do { body = try await response.body.collect(upTo: limit) } catch is NIOTooManyBytesError {
      throw WebFault("the answer is larger than \(limit) bytes")
    }
    return WebResponse(
      status: Int(response.status.code), cacheControl: response.headers.first(name: "cache-control"),
      body: Array(body.readableBytesView))
  }

  /// Ends what is under way.
  func close() async { try? await client.shutdown() }
}

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline
import Services
import Synchronization

/// Fetches documents by HTTP, certificates checked against the system's authorities. What it takes is made when the
/// first is fetched: most daemons fetch none.
final class HTTPFetcher: WebFetcher {
  private let made = Mutex<HTTPClient?>(nil)

  private var client: HTTPClient {
    made.withLock { made in
      if let made { return made }
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.connectionPool.idleTimeout = .seconds(10)
      configuration.timeout.connect = .seconds(3)
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
      made = client
      return client
    }
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

  /// Ends what is under way; nothing can be fetched any more.
  func close() async { try? await made.withLock { $0 }?.shutdown() }
}

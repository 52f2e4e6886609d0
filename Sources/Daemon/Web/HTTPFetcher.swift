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
  private let outgoing: OutgoingHTTP
  private let made = Mutex<[OutgoingHTTP.Proxy?: HTTPClient]>([:])

  init(_ outgoing: OutgoingHTTP) { self.outgoing = outgoing }

  private func client(for address: String) -> HTTPClient {
    let proxy = outgoing.proxy(for: address)
    return made.withLock { made in
      if let client = made[proxy] { return client }
      var configuration = outgoing.configuration(proxy)
      configuration.connectionPool.idleTimeout = .seconds(10)
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
      made[proxy] = client
      return client
    }
  }

  func get(_ address: String, limit: Int, timeout: Duration) async throws -> WebResponse {
    var request = HTTPClientRequest(url: address)
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: "sluice/\(Sluice.version)")
    let response = try await client(for: address).execute(
      request, timeout: .nanoseconds(timeout.wholeNanoseconds))
    let body: ByteBuffer
    do { body = try await response.body.collect(upTo: limit) } catch is NIOTooManyBytesError {
      throw WebFault("the answer is larger than \(limit) bytes")
    }
    return WebResponse(
      status: Int(response.status.code), cacheControl: response.headers.first(name: "cache-control"),
      body: Array(body.readableBytesView))
  }

  /// Ends what is under way; nothing can be fetched any more.
  func close() async {
    for client in made.withLock({ Array($0.values) }) { try? await client.shutdown() }
  }
}

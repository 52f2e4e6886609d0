import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline
import Services
import Synchronization

/// Sends requests by HTTP/2 where TLS agrees on it, else by HTTP/1.1, over few connections to each host.
///
/// A client of the library keeps one HTTP/2 connection to a host, so there are several of them. All is made when the
/// first request needs it.
final class HTTPSender: WebSender {
  /// How many connections a client may have to a host that only speaks HTTP/1.1.
  static let plainConnections = 16

  /// The requests to one host.
  private struct Host {
    var slots = ConnectionSlots()
    var clients: [ConnectionSlots.Slot: HTTPClient] = [:]
    var waiting: [CheckedContinuation<Void, Never>] = []
    var firstWaiting = 0
  }

  private struct Place {
    let slot: ConnectionSlots.Slot
    let client: HTTPClient
  }

  private let outgoing: OutgoingHTTP
  private let hosts = Mutex<[String: Host]>([:])

  init(_ outgoing: OutgoingHTTP) { self.outgoing = outgoing }

  func post(_ request: WebPost) async throws -> WebAnswer {
    let host = Self.origin(of: request.address)
    let deadline = NIODeadline.now() + .nanoseconds(request.timeout.wholeNanoseconds)
    let place = await place(at: host, for: request.address)
    guard NIODeadline.now() < deadline else {
      give(place, at: host, timedOut: false)
      throw WebTimeout()
    }
    do {
      let answer = try await Self.send(request, by: place.client, deadline)
      give(place, at: host, timedOut: false)
      return answer
    } catch let error as HTTPClientError where Self.timeouts.contains(error) {
      give(place, at: host, timedOut: true)
      throw WebTimeout()
    } catch {
      give(place, at: host, timedOut: false)
      throw error
    }
  }

  private static let timeouts: [HTTPClientError] = [
    .deadlineExceeded, .readTimeout, .writeTimeout, .cancelled, .getConnectionFromPoolTimeout,
  ]

  private static func send(_ request: WebPost, by client: HTTPClient, _ deadline: NIODeadline) async throws
    -> WebAnswer
  {
    var made = HTTPClientRequest(url: request.address)
    made.method = .POST
    for (name, value) in request.headers { made.headers.add(name: name, value: value) }
    made.headers.add(name: "User-Agent", value: "sluice/\(Sluice.version)")
    made.body = .bytes(request.body)
    let response = try await client.execute(made, deadline: deadline)
    var body: [UInt8] = []
    for try await part in response.body {
      body += part.readableBytesView.prefix(request.limit - body.count)
      // What is left of the answer is not waited for.
      if body.count >= request.limit { break }
    }
    return WebAnswer(
      status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"), body: body)
  }

  /// Scheme, host and port.
  private static func origin(of address: String) -> String {
    guard let start = address.firstRange(of: "://")?.upperBound else { return "" }
    return String(address[..<start] + address[start...].prefix { $0 != "/" && $0 != "?" })
  }

  /// A place on a connection, waited for where all are taken.
  private func place(at host: String, for address: String) async -> Place {
    while true {
      if let place = take(at: host, for: address) { return place }
      await withCheckedContinuation { continuation in
        let isFree = hosts.withLock { hosts in
          // Between the look before and this one a place may have become free.
          var probe = hosts[host, default: Host()].slots
          if probe.take() != nil { return true }
          hosts[host, default: Host()].waiting.append(continuation)
          return false
        }
        if isFree { continuation.resume() }
      }
    }
  }

  private func take(at host: String, for address: String) -> Place? {
    hosts.withLock { hosts in
      var entry = hosts[host] ?? Host()
      defer { hosts[host] = entry }
      guard let slot = entry.slots.take() else { return nil }
      if let client = entry.clients[slot] { return Place(slot: slot, client: client) }
      var configuration = outgoing.configuration(outgoing.proxy(for: address))
      configuration.httpVersion = .automatic
      configuration.connectionPool.idleTimeout = .seconds(60)
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.plainConnections
      configuration.connectionPool.retryConnectionEstablishment = false
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
      entry.clients[slot] = client
      return Place(slot: slot, client: client)
    }
  }

  private func give(_ place: Place, at host: String, timedOut: Bool) {
    let (ended, next) = hosts.withLock { hosts -> (HTTPClient?, CheckedContinuation<Void, Never>?) in
      guard var entry = hosts[host] else { return (nil, nil) }
      defer { hosts[host] = entry }
      let replaced = entry.slots.give(place.slot, timedOut: timedOut)
      let ended = replaced.flatMap { entry.clients.removeValue(forKey: $0) }
      guard entry.firstWaiting < entry.waiting.count else { return (ended, nil) }
      let next = entry.waiting[entry.firstWaiting]
      entry.firstWaiting += 1
      if entry.firstWaiting == entry.waiting.count {
        entry.waiting.removeAll(keepingCapacity: true)
        entry.firstWaiting = 0
      }
      return (ended, next)
    }
    next?.resume()
    if let ended { Task { try? await ended.shutdown() } }
  }

  /// Ends what is under way; nothing can be sent any more.
  func close() async {
    let clients = hosts.withLock { hosts in hosts.values.flatMap(\.clients.values) }
    for client in clients { try? await client.shutdown() }
  }
}

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline

/// The tools' end of a daemon's control socket.
struct ControlClient: Sendable {
  private let path: SocketPath
  private let client: HTTPClient

  private init(_ path: SocketPath) {
    self.path = path
    var configuration = HTTPClient.Configuration()
    // A socket of this machine answers at once or not at all.
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
  }

  /// Makes a client for as long as `body` takes.
  static func with<Value: Sendable>(_ path: SocketPath, _ body: (ControlClient) async throws -> Value)
    async throws -> Value
  {
    let control = ControlClient(path)
    do {
      let value = try await body(control)
      try await control.client.shutdown()
      return value
    } catch {
      try? await control.client.shutdown()
      throw error
    }
  }

  /// The answer to a request, whatever its status.
  ///
  /// - Throws: `CommandError` where no daemon answers.
  func ask(_ method: HTTPMethod, _ target: String, timeout: TimeAmount = .minutes(15)) async throws
    -> (isOK: Bool, body: JSONValue)
  {
    let response = try await execute(method, target, timeout)
    let bytes: ByteBuffer
    do { bytes = try await response.body.collect(upTo: 64 << 20) } catch {
      throw CommandError("the daemon has ended without an answer (\(error))")
    }
    let body = (try? JSONValue(parsing: Array(bytes.readableBytesView))) ?? .null
    return ((200..<300).contains(response.status.code), body)
  }

  /// Calls `body` with each line that the daemon sends, until it ends.
  ///
  /// - Throws: `CommandError` where no daemon answers, or it refuses.
  func lines(_ target: String, _ body: (JSONValue) throws -> Void) async throws {
    let response = try await execute(.GET, target, .hours(24 * 365))
    guard response.status == .ok else {
      let bytes = try await response.body.collect(upTo: 1 << 20)
      let problem = try? JSONValue(parsing: Array(bytes.readableBytesView))
      throw CommandError(problem?["detail"]?.string ?? "the daemon refused", code: 2)
    }
    var rest: [UInt8] = []
    // One that is killed ends its answer as one that ends in order does.
    var parts = response.body.makeAsyncIterator()
    while let part = try? await parts.next() {
      rest += part.readableBytesView
      var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      rest = lines.popLast().map(Array.init) ?? []
      for line in lines where !line.isEmpty {
        if let value = try? JSONValue(parsing: Array(line)) { try body(value) }
      }
    }
  }

  private func execute(_ method: HTTPMethod, _ target: String, _ timeout: TimeAmount) async throws
    -> HTTPClientResponse
  {
    var request = HTTPClientRequest(url: "http+unix://\(Self.escaped(path.path))\(target)")
    request.method = method
    request.headers.add(name: "Host", value: "control")
    do { return try await client.execute(request, timeout: timeout) } catch {
      throw CommandError(
        "no daemon answers at '\(path)': is it running, and is this the 'control' of its file? "
          + "--control names another (\(error))")
    }
  }

  /// A path as the host of an address (RFC 3986, section 3.2.2).
  static func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { escaped, byte in
      let character = Character(UnicodeScalar(byte))
      if character.isASCII, character.isLetter || character.isNumber || "-._~".contains(character) {
        escaped.append(character)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
  }
}

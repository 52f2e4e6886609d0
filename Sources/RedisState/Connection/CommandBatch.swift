import NIOCore
import Services

/// One command that awaits its answer.
struct Request: Sendable {
  /// How many bytes it is written in.
  let size: Int
  /// Where in them the key is that decides the slot of a cluster.
  let key: Range<Int>?
  /// Takes an error of the server's, and says whether it has seen to it, as by asking again.
  var rescue: (@Sendable (_ error: String, _ link: RedisLink) -> Bool)?
  /// Takes the answer; errors of the server come as failures.
  let then: @Sendable (Result<RESPValue, StateError>) -> Void
}

/// Commands that go out together, one after the other, written already.
struct CommandBatch: Sendable {
  private(set) var bytes = ByteBuffer()
  private(set) var requests: [Request] = []

  /// Adds a command.
  mutating func add(
    _ write: (inout RESPWriter) -> Void, then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    append(write, rescue: nil, then: then)
  }

  /// Adds a call of a script.
  ///
  /// - Parameters:
  ///   - keys: How many of the arguments are keys.
  ///   - count: How many arguments there are, keys included.
  mutating func call(
    _ script: RedisScript, keys: Int, arguments count: Int, _ write: (inout RESPWriter) -> Void,
    then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    var arguments = RESPWriter()
    arguments.word(keys)
    write(&arguments)
    let tail = arguments
    append(
      { writer in
        writer.begin(count + 3)
        writer.word("EVALSHA")
        writer.word(script.digest)
        writer.append(tail)
      },
      rescue: { error, link in
        guard error.hasPrefix("NOSCRIPT") else { return false }
        var batch = CommandBatch()
        batch.append(
          { writer in
            writer.begin(count + 3)
            writer.word("EVAL")
            writer.word(script.text)
            writer.append(tail)
          }, rescue: nil, then: then)
        link.submit(batch)
        return true
      }, then: then)
  }

  /// Adds what another batch holds.
  mutating func append(_ other: CommandBatch) {
    bytes.writeImmutableBuffer(other.bytes)
    requests += other.requests
  }

  /// Adds a command that is written already.
  mutating func append(_ request: Request, written: ByteBuffer) {
    bytes.writeImmutableBuffer(written)
    requests.append(request)
  }

  /// Fails all of it.
  func fail(_ reason: String) {
    for request in requests { request.then(.failure(StateError(reason))) }
  }

  private mutating func append(
    _ write: (inout RESPWriter) -> Void,
    rescue: (@Sendable (_ error: String, _ link: RedisLink) -> Bool)?,
    then: @escaping @Sendable (Result<RESPValue, StateError>) -> Void
  ) {
    var writer = RESPWriter()
    write(&writer)
    append(Request(size: writer.count, key: writer.key, rescue: rescue, then: then), written: writer.buffer)
  }
}

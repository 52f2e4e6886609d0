import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline

/// A WebSocket to a daemon, as the command line uses it: one message at a time.
final class ChatClient: Sendable {
  private let channel: any Channel
  private let frames: FrameQueue

  /// Connects and waits for the handshake's answer.
  ///
  /// - Throws: `CommandError` where there is no daemon, or it refuses.
  init(_ address: HostPort, token: String) async throws {
    let queue = FrameQueue()
    do {
      channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              ChatHandler(address: address, token: token, queue: queue))
          }
        }.connect(host: address.host, port: address.port).get()
    } catch {
      throw CommandError(
        "no daemon answers at \(address.host):\(address.port); start one with `sluice serve`")
    }
    frames = queue
  }

  /// The next event; `nil` when the daemon has closed the connection.
  ///
  /// - Throws: `CommandError` where the daemon refused the connection or broke the protocol.
  func next() async throws -> JSONValue? {
    guard let text = try await frames.next() else { return nil }
    return try? JSONValue(parsing: text)
  }

  func send(_ event: OutgoingEvent) async throws {
    var buffer = ByteBuffer()
    FrameWriter.append(text: event.bytes, to: &buffer, mask: .random(in: 0...UInt32.max))
    try await channel.writeAndFlush(buffer)
  }

  func close() async {
    var buffer = ByteBuffer()
    FrameWriter.append(close: .normal, to: &buffer, mask: .random(in: 0...UInt32.max))
    try? await channel.writeAndFlush(buffer)
    try? await channel.close()
  }
}

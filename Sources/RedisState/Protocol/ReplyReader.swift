import CHiredis
import NIOCore

/// Takes the bytes of a connection apart into replies, by hiredis' reader. Confined to the connection's event loop.
///
/// hiredis bounds how deep replies nest; the size of one is bounded here, by the bytes that came since the last.
final class ReplyReader {
  private let reader: UnsafeMutablePointer<redisReader>
  private let limit: Int
  private var unfinished = 0

  /// - Parameter limit: The most bytes of one reply.
  init(limit: Int) {
    guard let reader = redisReaderCreateWithFunctions(ReplyNode.functions) else {
      fatalError("no memory for a reader of replies")
    }
    self.reader = reader
    self.limit = limit
  }

  deinit { redisReaderFree(reader) }

  /// Takes bytes.
  func feed(_ buffer: ByteBuffer) throws(RedisError) {
    unfinished += buffer.readableBytes
    let status = buffer.withUnsafeReadableBytes { bytes in
      redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard status == REDIS_OK else { throw fault() }
  }

  /// The next whole reply.
  func next() throws(RedisError) -> RESPValue? {
    var root: UnsafeMutableRawPointer?
    guard redisReaderGetReply(reader, &root) == REDIS_OK else { throw fault() }
    guard let root else {
      guard unfinished <= limit else { throw RedisError("Redis sent a reply of more than \(limit) bytes") }
      return nil
    }
    unfinished = reader.pointee.len - reader.pointee.pos
    return Unmanaged<ReplyNode>.fromOpaque(root).takeRetainedValue().value
  }

  private func fault() -> RedisError {
    let text = withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return RedisError("what answers is not a Redis: \(text)", isLasting: true)
  }
}

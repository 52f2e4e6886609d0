import NIOCore

/// Gives each read of a channel a buffer of its own, which goes when what it brought has been taken: an idle connection
/// holds none.
///
/// NIO keeps a channel's first buffer for as long as there is the channel, and reads into it again where it may. So the
/// first is as small as a piece of memory can be, and the others are larger than that: by not telling their size and
/// saying that they may grow, NIO is kept from using the first again. How large they are follows what comes. The state
/// fits into the channel's own memory, where the one of NIO's allocators would be a piece of memory besides.
struct PassingBuffers: RecvByteBufferAllocator {
  /// What malloc takes for a single byte.
  private static let first: UInt32 = 16
  /// What a short request fits into, and several events: the largest that malloc keeps at hand for each thread.
  private static let usual: UInt32 = 1024
  private static let largest: UInt32 = 65_536

  private var size = Self.first

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(size)) }

  mutating func record(actualReadBytes count: Int) -> Bool {
    if count >= Int(size) {
      size = min(max(Self.usual, size * 2), Self.largest)
    } else if count <= Int(size / 2) {
      size = max(Self.usual, size / 2)
    }
    return true
  }
}

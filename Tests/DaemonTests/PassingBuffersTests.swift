import NIOCore
import Testing

@testable import Daemon

@Suite("Buffers that reads are made into")
struct PassingBuffersTests {
  /// Reads so many bytes as a channel does. Gives how many there was room for, and whether the buffer is still held by
  /// NIO when they have been taken.
  private func read(_ count: Int, by pool: inout NIOPooledRecvBufferAllocator) -> (room: Int, isHeld: Bool) {
    var (buffer, room) = pool.buffer(allocator: ByteBufferAllocator()) { buffer in
      defer { buffer.writeRepeatingByte(1, count: min(count, buffer.writableBytes)) }
      return buffer.writableBytes
    }
    pool.record(actualReadBytes: buffer.readableBytes)
    return (room, buffer.modifyIfUniquelyOwned { _ in } == nil)
  }

  @Test("NIO holds the first, which is small, and no other")
  func held() {
    var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: PassingBuffers())
    #expect(read(1000, by: &pool) == (16, true))
    for _ in 0..<8 { #expect(read(300, by: &pool) == (1024, false)) }
  }

  @Test("What fills its buffer gets larger ones, and smaller ones when less comes")
  func sizes() {
    var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: PassingBuffers())
    let growing = (0..<10).map { _ in read(.max, by: &pool).room }
    #expect(growing == [16, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 65_536, 65_536])
    let shrinking = (0..<9).map { _ in read(10, by: &pool).room }
    #expect(shrinking == [65_536, 32_768, 16_384, 8192, 4096, 2048, 1024, 1024, 1024])
  }

  @Test("What fits goes on in buffers of the same size, a first of few bytes too")
  func steady() {
    var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: PassingBuffers())
    #expect(read(3, by: &pool).room == 16)
    #expect(read(1000, by: &pool).room == 1024)
    #expect(read(1000, by: &pool).room == 1024)
    #expect(read(1000, by: &pool).room == 1024)
  }
}

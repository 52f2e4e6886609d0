import NIOCore
import Testing

@testable import Daemon

@Suite("Packed messages")
struct PerMessageDeflateTests {
  @Test(
    "The first offer that can be met is taken, without context on either side",
    arguments: [
      ("permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
      (
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
      ),
      (
        "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10; client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10"
      ),
      (
        "permessage-deflate; server_max_window_bits=8, permessage-deflate; client_max_window_bits=\"9\"",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
      ),
    ])
  func taken(header: String, response: String) {
    #expect(
      PerMessageDeflate(offers: header.split(separator: ",").map { String($0.trimmed) })?.response == response
    )
  }

  @Test(
    "An offer that can't be met is passed over",
    arguments: [
      "", "permessage-bzip2", "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
      "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=8",
      "permessage-deflate; client_max_window_bits=7", "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; client_max_window_bits; client_max_window_bits", "permessage-deflate;",
    ])
  func passedOver(offer: String) { #expect(PerMessageDeflate(offers: [offer]) == nil) }

  @Test("What is packed is unpacked to the same, each message for itself", arguments: [Int32](9...15))
  func roundTrip(windowBits: Int32) throws {
    let (deflater, inflater) = (try #require(Deflater(windowBits: windowBits)), try #require(Inflater()))
    var generator = SystemRandomNumberGenerator()
    for size in [128, 129, 1000, 16_384, 60_000] {
      for alphabet in [2, 16, 200] {
        let message = (0..<size).map { _ in UInt8.random(in: 0..<UInt8(alphabet), using: &generator) }
        guard let packed = deflater.pack(message) else { continue }
        #expect(packed.count < message.count)
        #expect(try inflater.unpack(packed, limit: size) == message)
        // The same again, for another device.
        #expect(deflater.pack(message) == packed)
        #expect(throws: FrameFault.tooBig) { try inflater.unpack(packed, limit: size - 1) }
      }
    }
    #expect(deflater.pack([UInt8](repeating: 7, count: Deflater.least - 1)) == nil)
  }

  @Test("A bomb is unpacked no further than the limit")
  func bomb() throws {
    let deflater = try #require(Deflater(windowBits: 15))
    let packed = try #require(deflater.pack([UInt8](repeating: 0, count: 50_000_000)))
    #expect(packed.count < 300_000)
    let inflater = try #require(Inflater())
    #expect(throws: FrameFault.tooBig) { try inflater.unpack(packed, limit: 65_536) }
    // The next is as good as ever.
    let next = try #require(deflater.pack([UInt8](repeating: 1, count: 500)))
    #expect(try inflater.unpack(next, limit: 65_536) == [UInt8](repeating: 1, count: 500))
  }

  @Test("What is no DEFLATE is a fault, whatever it is")
  func garbage() throws {
    let inflater = try #require(Inflater())
    #expect(throws: FrameFault.notPacked) { try inflater.unpack([0xff, 0xff, 0xff], limit: 1000) }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<64)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      do throws(FrameFault) {
        #expect(try inflater.unpack(bytes, limit: 1000).count <= 1000)
      } catch {
        #expect(error == .notPacked || error == .tooBig)
      }
    }
    #expect(try inflater.unpack([0x00], limit: 1000) == [])
  }

  @Test("A frame says in RSV1 that its message is packed, if that was agreed on")
  func frames() throws {
    var buffer = ByteBuffer()
    FrameWriter.append(packedText: [1, 2, 3], to: &buffer)
    var parser = FrameParser(.client, takesPacked: true)
    var copy = buffer
    #expect(try parser.next(from: &copy, limit: 100) == .packed([1, 2, 3], isText: true))
    var plain = FrameParser(.client)
    #expect(throws: FrameFault.broken("reserved bits are set")) { try plain.next(from: &buffer, limit: 100) }
    // RSV1 belongs to the first frame of a message alone.
    for first: UInt8 in [0xc0, 0xc9, 0xe1, 0xd1] {
      var parser = FrameParser(.client, takesPacked: true)
      var frame = ByteBuffer(bytes: [first, 0])
      #expect(throws: FrameFault.broken("reserved bits are set")) {
        try parser.next(from: &frame, limit: 100)
      }
    }
    var fragments = ByteBuffer(bytes: [0x41, 1, 7, 0x80, 1, 8])
    #expect(try parser.next(from: &fragments, limit: 100) == .packed([7, 8], isText: true))
  }
}

import NIOCore

@testable import Daemon

private nonisolated(unsafe) let inflater = Inflater()  // libFuzzer calls from one thread.

/// A stream of WebSocket frames: however it is cut, the same messages and faults come out, within the limit.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  let takesPacked = start[0] & 1 == 1
  let step = Int(start[0] >> 1) + 1
  let whole = messages(in: bytes, takesPacked, step: bytes.count)
  guard whole == messages(in: bytes, takesPacked, step: step) else {
    fatalError("it depends on how it is cut")
  }
  return 0
}

private enum Outcome: Equatable {
  case message(FrameParser.Message)
  case fault(FrameFault)
}

private func messages(in bytes: [UInt8], _ takesPacked: Bool, step: Int) -> [Outcome] {
  let limit = 1000
  var parser = FrameParser(takesPacked: takesPacked)
  var outcomes: [Outcome] = []
  var unread = ByteBuffer()
  for place in stride(from: 0, to: bytes.count, by: max(1, step)) {
    unread.writeBytes(bytes[place..<min(place + step, bytes.count)])
    do throws(FrameFault) {
      while let message = try parser.next(from: &unread, limit: limit) {
        if case .text(let text) = message, text.count > limit { fatalError("over the limit") }
        if case .packed(let packed, _) = message, let inflater {
          let unpacked = try? inflater.unpack(packed, limit: limit)
          if let unpacked, unpacked.count > limit { fatalError("over the limit") }
        }
        outcomes.append(.message(message))
      }
    } catch {
      return outcomes + [.fault(error)]
    }
  }
  return outcomes
}

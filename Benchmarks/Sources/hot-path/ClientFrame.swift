import NIOCore

/// A frame as a client sends it, with a number in it that rises, so that no message is the repetition of another.
struct ClientFrame {
  private var bytes = ByteBuffer()
  private let digits: Int?
  private var number = 0

  /// A frame with this event; `00000000` in it stands for the number.
  init(_ event: String) {
    bytes.writeInteger(UInt8(0x81))
    if event.utf8.count < 126 {
      bytes.writeInteger(0x80 | UInt8(event.utf8.count))
    } else {
      bytes.writeInteger(UInt8(0x80 | 126))
      bytes.writeInteger(UInt16(event.utf8.count))
    }
    // A mask of zero lets the number be written where it stands, and costs to take off what every other does.
    bytes.writeInteger(UInt32(0))
    bytes.writeString(event)
    let text = bytes.readableBytesView
    let zeros = Array("00000000".utf8)
    digits = text.indices.first { text[$0...].starts(with: zeros) }
  }

  /// A message of 100 bytes to a user's partner.
  @MainActor static func message(from index: Int) -> ClientFrame {
    let content = String(repeating: "Lorem ipsum dolor sit amet, consectetur adipiscing", count: 2)
    let receiver = Crowd.user(index ^ 1)
    return ClientFrame(
      #"{"type":"NEW_MESSAGE","id":"r-1234","data":{"tempId":"t-00000000","receiverId":"\#(receiver)","#
        + #""content":"\#(content)"}}"#)
  }

  /// Says that a message has come, or of every other user that it was read.
  static func receipt(from index: Int) -> ClientFrame {
    let type = index.isMultiple(of: 2) ? "MESSAGE_DELIVERED" : "MESSAGE_READ"
    return ClientFrame(#"{"type":"\#(type)","id":"r-1234","data":{"messageId":"msg_0123456789abc"}}"#)
  }

  static let ping = ClientFrame(#"{"type":"PING","id":"r-1234"}"#)

  /// The frame with the next number.
  mutating func next() -> ByteBuffer {
    guard let digits else { return bytes }
    number += 1
    var rest = number
    for place in stride(from: digits + 7, through: digits, by: -1) {
      bytes.setInteger(UInt8(ascii: "0") + UInt8(rest % 10), at: place)
      rest /= 10
    }
    return bytes
  }
}

public import Pipeline
import Synchronization

/// Names a message: 64 bits that sort by creation time.
///
/// | bits | what |
/// | --- | --- |
/// | 63…22 | milliseconds since 2024-01-01T00:00:00Z, good until 2163 |
/// | 21…12 | the node, so that several make ids without asking each other |
/// | 11…0 | a sequence within the millisecond |
///
/// As text it is `msg_` and 13 digits of base 32 (0–9, a–v), which sort as the number does.
public struct MessageID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number behind the name; never negative, so that it fits a signed column.
  public let rawValue: UInt64

  /// An id by its number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The id that a text names, or `nil` where it names none.
  public init?(_ text: String) {
    var text = text
    guard let id = text.withUTF8({ MessageID($0) }) else { return nil }
    self = id
  }

  /// The id that a text names, given as UTF-8, or `nil` where it names none.
  public init?(_ text: UnsafeBufferPointer<UInt8>) {
    let digits = text.dropFirst(Self.prefixLength)
    guard text.count == Self.length, text[0] == UInt8(ascii: "m"), text[1] == UInt8(ascii: "s"),
      text[2] == UInt8(ascii: "g"), text[3] == UInt8(ascii: "_"),
      let value = Base32.decode(digits), value <= UInt64(Int64.max)
    else { return nil }
    rawValue = value
  }

  /// The text that clients see.
  public var description: String {
    String(unsafeUninitializedCapacity: Self.length) { write(to: $0) }
  }

  /// Writes the text that clients see, in UTF-8, to memory that has room for ``length`` bytes; gives that.
  func write(to text: UnsafeMutableBufferPointer<UInt8>) -> Int {
    text.initializeElement(at: 0, to: UInt8(ascii: "m"))
    text.initializeElement(at: 1, to: UInt8(ascii: "s"))
    text.initializeElement(at: 2, to: UInt8(ascii: "g"))
    text.initializeElement(at: 3, to: UInt8(ascii: "_"))
    var end = Self.prefixLength
    Base32.encode(rawValue) { digit in
      text.initializeElement(at: end, to: digit)
      end += 1
    }
    return end
  }

  /// How many bytes the text has.
  static let length = prefixLength + 13

  /// When the message was made, to the millisecond.
  public var timestamp: Timestamp {
    Timestamp(milliseconds: Int64(rawValue >> 22) + Self.epochMilliseconds)
  }

  /// The lowest id that a message made at this moment, or later, can have.
  public static func lowest(at moment: Timestamp) -> MessageID {
    MessageID(rawValue: UInt64(max(0, moment.milliseconds - epochMilliseconds)) << 22)
  }

  /// Whether `lhs` was made before `rhs`.
  public static func < (lhs: MessageID, rhs: MessageID) -> Bool { lhs.rawValue < rhs.rawValue }

  private static let prefixLength = 4
  /// 2024-01-01T00:00:00Z.
  static let epochMilliseconds: Int64 = 1_704_067_200_000
}

/// Makes message ids that rise without a gap in order, however the wall clock moves.
public final class MessageIDGenerator: Sendable {
  private let last: Mutex<UInt64>
  private let node: UInt64
  private let clock: EngineClock

  /// A generator for one node.
  ///
  /// - Parameters:
  ///   - node: The node's number, below 1,024 and unique among the nodes of one store.
  ///   - above: The highest id that the store holds; all made here are higher.
  public init(node: UInt16 = 0, above: MessageID? = nil, clock: EngineClock = .system) {
    precondition(node < 1024, "a node's number has ten bits")
    self.node = UInt64(node)
    self.clock = clock
    last = Mutex(above?.rawValue ?? 0)
  }

  /// The next id: of this millisecond, or of the last one used where the clock has not passed it.
  public func next() -> MessageID {
    let now = UInt64(max(0, clock.wall().milliseconds - MessageID.epochMilliseconds))
    return last.withLock { last in
      let fresh = now << 22 | node << 12
      if fresh > last {
        last = fresh
      } else if last & 0xFFF < 0xFFF {
        last = (last & ~(UInt64(0x3FF) << 12) | node << 12) + 1
      } else {
        last = ((last >> 22) + 1) << 22 | node << 12
      }
      return MessageID(rawValue: last)
    }
  }
}

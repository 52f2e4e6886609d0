/// Writes one JSON object, member by member, straight to bytes.
public struct JSONObjectWriter: Sendable {
  /// What has been written so far.
  public private(set) var bytes: [UInt8] = []

  /// An object with no members yet.
  public init(reserving capacity: Int = 128) {
    bytes.reserveCapacity(capacity)
    bytes.append(UInt8(ascii: "{"))
  }

  /// An object that has been begun: what is written goes on from there.
  init(continuing beginning: ArraySlice<UInt8>) {
    bytes.reserveCapacity(beginning.count + 64)
    bytes.append(contentsOf: beginning)
  }

  /// Writes a text.
  public mutating func member(_ key: StaticString, _ text: String) {
    name(key)
    JSONText.appendQuoted(text, to: &bytes)
  }

  /// Writes a number.
  public mutating func member(_ key: StaticString, _ number: Int) {
    name(key)
    bytes.append(contentsOf: String(number).utf8)
  }

  /// Writes a truth value.
  public mutating func member(_ key: StaticString, _ flag: Bool) {
    name(key)
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// Writes a moment as RFC 3339.
  public mutating func member(_ key: StaticString, _ moment: Timestamp) {
    name(key)
    bytes.append(UInt8(ascii: "\""))
    moment.withRFC3339 { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a text under a key that is not known before.
  public mutating func member(dynamic key: String, _ text: String) {
    separate()
    JSONText.appendQuoted(key, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    JSONText.appendQuoted(text, to: &bytes)
  }

  /// Writes `null`.
  public mutating func null(_ key: StaticString) {
    name(key)
    bytes.append(contentsOf: "null".utf8)
  }

  /// Writes a value that is JSON already; it is not looked at.
  public mutating func member(_ key: StaticString, json: some Sequence<UInt8>) {
    name(key)
    bytes.append(contentsOf: json)
  }

  /// Writes an array, one object for each element.
  public mutating func array<Elements: Sequence>(
    _ key: StaticString, of elements: Elements, _ write: (inout JSONObjectWriter, Elements.Element) -> Void
  ) {
    name(key)
    bytes.append(UInt8(ascii: "["))
    for element in elements {
      separate()
      bytes.append(UInt8(ascii: "{"))
      write(&self, element)
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// Begins an object as a member; the members that follow are its own until ``endObject()``.
  public mutating func beginObject(_ key: StaticString) {
    name(key)
    bytes.append(UInt8(ascii: "{"))
  }

  /// Ends the object that was begun last.
  public mutating func endObject() { bytes.append(UInt8(ascii: "}")) }

  /// Ends the whole object and gives its bytes.
  public consuming func finish() -> [UInt8] {
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private mutating func name(_ key: StaticString) {
    key.withUTF8Buffer { key in
      // Put together first: what an append costs is hardly in the bytes.
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: key.count + 4) { name in
        var end = 0
        if !isAtBeginning {
          name.initializeElement(at: 0, to: UInt8(ascii: ","))
          end = 1
        }
        name.initializeElement(at: end, to: UInt8(ascii: "\""))
        end = name[(end + 1)...].initialize(fromContentsOf: key)
        name.initializeElement(at: end, to: UInt8(ascii: "\""))
        name.initializeElement(at: end + 1, to: UInt8(ascii: ":"))
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: name[..<(end + 2)]))
      }
    }
  }

  /// Writes a comma unless this is the first in its object or array.
  private mutating func separate() {
    if !isAtBeginning { bytes.append(UInt8(ascii: ",")) }
  }

  /// Whether what comes next is the first in its object or array.
  private var isAtBeginning: Bool {
    switch bytes.last {
    case UInt8(ascii: "{"), UInt8(ascii: "["): true
    default: false
    }
  }
}

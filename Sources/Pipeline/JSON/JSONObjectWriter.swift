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
    let isWritten = text.utf8.withContiguousStorageIfAvailable { text in
      guard text.count <= 512, !JSONText.needsEscape(text) else { return false }
      member(key, plain: text)
      return true
    }
    if isWritten == true { return }
    name(key)
    JSONText.appendQuoted(text, to: &bytes)
  }

  /// Writes a text in UTF-8 that holds nothing that JSON would escape: no quote, backslash or control character.
  public mutating func member(_ key: StaticString, plain text: UnsafeBufferPointer<UInt8>) {
    member(key, room: text.count + 2) { value in
      value[0] = UInt8(ascii: "\"")
      _ = value[1...].update(fromContentsOf: text)
      value[text.count + 1] = UInt8(ascii: "\"")
      return text.count + 2
    }
  }

  /// Writes a number.
  public mutating func member(_ key: StaticString, _ number: Int) {
    member(key, room: 20) { value in
      var rest = number.magnitude
      var start = value.count
      repeat {
        start -= 1
        value[start] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      if number < 0 {
        start -= 1
        value[start] = UInt8(ascii: "-")
      }
      for index in start..<value.count { value[index - start] = value[index] }
      return value.count - start
    }
  }

  /// Writes a truth value.
  public mutating func member(_ key: StaticString, _ flag: Bool) {
    name(key)
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// Writes a moment as RFC 3339.
  public mutating func member(_ key: StaticString, _ moment: Timestamp) {
    moment.withRFC3339 { member(key, plain: $0) }
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

  private mutating func name(_ key: StaticString) { member(key, room: 0) { _ in 0 } }

  /// Writes a name and what `value` puts into so much room, of which it gives how much it has used.
  private mutating func member(
    _ key: StaticString, room: Int, _ value: (UnsafeMutableBufferPointer<UInt8>) -> Int
  ) {
    key.withUTF8Buffer { key in
      // Put together first: what an append costs is hardly in the bytes.
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: key.count + 4 + room) { member in
        member.initialize(repeating: UInt8(ascii: ","))
        var end = isAtBeginning ? 0 : 1
        member[end] = UInt8(ascii: "\"")
        end = member[(end + 1)...].update(fromContentsOf: key)
        member[end] = UInt8(ascii: "\"")
        member[end + 1] = UInt8(ascii: ":")
        end += 2
        if room > 0 { end += value(UnsafeMutableBufferPointer(rebasing: member[end..<(end + room)])) }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: member[..<end]))
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

import Pipeline
import Services

/// What one node tells another, as bytes: a version, a kind, the frame's number among those from this sender to this
/// receiver, and what the kind has. Numbers are big-endian, texts and events have their length in front.
///
/// A node that does not know a version or kind drops the frame: what it told of is in the store, and is caught up with.
struct NodeFrame: Sendable {
  /// What it says.
  enum Content: Sendable {
    /// Events for devices of users.
    case deliveries([Delivery])
    /// A user's connections are to end.
    case disconnect(user: String)
    /// A user's tokens from before a moment are not good.
    case revoke(user: String, notBefore: Timestamp)
    /// A user goes by another name.
    case rename(user: String, name: String)
    /// A connection of a user makes room for a newer one.
    case replace(user: String, ConnectionID)
    /// The sender asks which users' devices gave a sign of life in these last milliseconds, or give one in the next.
    case probe(users: [String], age: UInt64, patience: UInt64)
    /// Of the users that the receiver asked about, devices of these gave one, so many milliseconds ago.
    case alive([(user: String, age: UInt64)])
  }

  private static let version: UInt8 = 1

  let number: UInt64
  let content: Content

  init(_ number: UInt64, _ content: Content) {
    self.number = number
    self.content = content
  }

  /// The frame on the wire.
  var bytes: [UInt8] {
    var writer = FrameBytes()
    writer.append(Self.version)
    switch content {
    case .deliveries(let deliveries):
      writer.append(UInt8(1))
      writer.append(number)
      writer.append(UInt32(deliveries.count))
      for delivery in deliveries {
        writer.append(text: delivery.userID)
        writer.append(delivery.except?.rawValue ?? 0)
        writer.append(delivery.position ?? 0)
        let event = delivery.event
        writer.append(text: event.type.rawValue)
        writer.append(bytes: event.data)
      }
    case .disconnect(let user):
      writer.append(UInt8(2))
      writer.append(number)
      writer.append(text: user)
    case .revoke(let user, let moment):
      writer.append(UInt8(3))
      writer.append(number)
      writer.append(text: user)
      writer.append(UInt64(bitPattern: moment.milliseconds))
    case .rename(let user, let name):
      writer.append(UInt8(4))
      writer.append(number)
      writer.append(text: user)
      writer.append(text: name)
    case .replace(let user, let connection):
      writer.append(UInt8(5))
      writer.append(number)
      writer.append(text: user)
      writer.append(connection.rawValue)
    case .probe(let users, let age, let patience):
      writer.append(UInt8(6))
      writer.append(number)
      writer.append(age)
      writer.append(patience)
      writer.append(texts: users)
    case .alive(let users):
      writer.append(UInt8(7))
      writer.append(number)
      writer.append(UInt32(users.count))
      for (user, age) in users {
        writer.append(text: user)
        writer.append(age)
      }
    }
    return writer.bytes
  }

  /// A frame as it came; `nil` where this version can't read it.
  init?(_ bytes: [UInt8]) {
    var reader = FrameReader(bytes)
    guard reader.byte() == Self.version, let kind = reader.byte(), let number = reader.number() else {
      return nil
    }
    self.number = number
    switch kind {
    case 1:
      guard let count = reader.count() else { return nil }
      var deliveries: [Delivery] = []
      for _ in 0..<count {
        guard let user = reader.text(), let except = reader.number(), let position = reader.number(),
          let type = reader.text(), let data = reader.bytes()
        else { return nil }
        deliveries.append(
          Delivery(
            to: user, OutgoingEvent(EventType(rawValue: type), json: data),
            except: except == 0 ? nil : ConnectionID(rawValue: except), at: position == 0 ? nil : position))
      }
      content = .deliveries(deliveries)
    case 2:
      guard let user = reader.text() else { return nil }
      content = .disconnect(user: user)
    case 3:
      guard let user = reader.text(), let moment = reader.number() else { return nil }
      content = .revoke(user: user, notBefore: Timestamp(milliseconds: Int64(bitPattern: moment)))
    case 4:
      guard let user = reader.text(), let name = reader.text() else { return nil }
      content = .rename(user: user, name: name)
    case 5:
      guard let user = reader.text(), let connection = reader.number() else { return nil }
      content = .replace(user: user, ConnectionID(rawValue: connection))
    case 6:
      guard let age = reader.number(), let patience = reader.number(), let users = reader.texts() else {
        return nil
      }
      content = .probe(users: users, age: age, patience: patience)
    case 7:
      guard let count = reader.count() else { return nil }
      var users: [(user: String, age: UInt64)] = []
      for _ in 0..<count {
        guard let user = reader.text(), let age = reader.number(), age <= 1 << 40 else { return nil }
        users.append((user, age))
      }
      content = .alive(users)
    default: return nil
    }
  }
}

/// Writes the parts of a frame.
private struct FrameBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    Swift.withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(text: String) { append(bytes: text.utf8) }

  mutating func append(texts: [String]) {
    append(UInt32(texts.count))
    for text in texts { append(text: text) }
  }

  mutating func append(bytes more: some Collection<UInt8>) {
    append(UInt32(more.count))
    bytes += more
  }
}

/// Reads the parts of a frame; whatever is not there is `nil`.
private struct FrameReader {
  private let frame: [UInt8]
  private var next = 0

  init(_ frame: [UInt8]) { self.frame = frame }

  mutating func byte() -> UInt8? { take(1)?.first }

  mutating func number() -> UInt64? { take(8)?.reduce(0) { $0 << 8 | UInt64($1) } }

  /// A count of things of which each takes more than a byte: more than there are bytes is none.
  mutating func count() -> Int? {
    guard let count = take(4)?.reduce(0, { $0 << 8 | Int($1) }), count <= frame.count - next else {
      return nil
    }
    return count
  }

  mutating func bytes() -> [UInt8]? { count().flatMap { take($0) }.map { Array($0) } }

  mutating func text() -> String? { bytes().flatMap { String(validating: $0, as: UTF8.self) } }

  mutating func texts() -> [String]? {
    guard let count = count() else { return nil }
    var texts: [String] = []
    for _ in 0..<count {
      guard let text = text() else { return nil }
      texts.append(text)
    }
    return texts
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= frame.count - next else { return nil }
    defer { next += count }
    return frame[next..<next + count]
  }
}

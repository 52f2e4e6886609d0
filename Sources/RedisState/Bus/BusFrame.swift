import Services

/// What one node sends another: a version byte, the sender in eight bytes, the kind in one, and the rest.
struct BusFrame: Equatable {
  /// What the rest is.
  enum Kind: UInt8 {
    /// A frame of the bus' users.
    case frame = 0
    /// Nothing: the sender has come or gone, so that the leases should be read.
    case notice = 1
  }

  static let version: UInt8 = 1
  private static let headerCount = 10

  var kind: Kind
  var sender: NodeID
  var payload: ArraySlice<UInt8>

  init(_ kind: Kind, from sender: NodeID, _ payload: [UInt8] = []) {
    self.kind = kind
    self.sender = sender
    self.payload = payload[...]
  }

  /// Reads a frame; `nil` where it is of another version or kind, or none at all.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.headerCount, bytes[0] == Self.version, let kind = Kind(rawValue: bytes[9])
    else { return nil }
    let sender = bytes[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard sender < 1 << 40 else { return nil }
    self.kind = kind
    self.sender = NodeID(rawValue: sender)
    payload = bytes[Self.headerCount...]
  }

  /// The frame as it travels.
  var bytes: [UInt8] {
    var bytes: [UInt8] = [Self.version]
    bytes.reserveCapacity(Self.headerCount + payload.count)
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: sender.rawValue >> shift))
    }
    bytes.append(kind.rawValue)
    bytes += payload
    return bytes
  }
}

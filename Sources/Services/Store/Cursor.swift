/// A place in the store's feed of changes: every change has one, later changes have higher ones.
public typealias Position = UInt64

/// What a client keeps to go on from: a place in one store's feed, for one user.
///
/// As text: `cur_` and 33 digits of base 32: epoch, position and a checksum over both and the user, so that a
/// garbled cursor and another user's are told from one of another store.
public struct Cursor: Hashable, Sendable {
  /// The store that the position belongs to.
  public let epoch: UInt64
  /// Everything up to here has been seen.
  public let position: Position

  /// A cursor by its parts.
  public init(epoch: UInt64, position: Position) {
    self.epoch = epoch
    self.position = position
  }

  /// The text that `user` may come back with.
  public func text(for user: String) -> String {
    var bytes = Array(Self.prefix)
    bytes.reserveCapacity(40)
    Base32.encode(epoch) { bytes.append($0) }
    Base32.encode(position) { bytes.append($0) }
    Base32.encode(checksum(for: user)) { bytes.append($0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The cursor that a text from `user` stands for; `nil` where it is none of theirs.
  public init?(_ text: String, for user: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 37, bytes.starts(with: Self.prefix),
      let epoch = Base32.decode(bytes[4..<17]), let position = Base32.decode(bytes[17..<30]),
      let checksum = Base32.decode(bytes[30..<37])
    else { return nil }
    self.init(epoch: epoch, position: position)
    guard checksum == UInt64(self.checksum(for: user)) else { return nil }
  }

  private func checksum(for user: String) -> UInt32 {
    var digest = Digest()
    digest.combine(epoch)
    digest.combine(position)
    digest.combine(user)
    return UInt32(truncatingIfNeeded: digest.value ^ digest.value >> 32)
  }

  private static let prefix = "cur_".utf8
}

import Pipeline

/// A place in the store's feed of changes: every change has one, later changes have higher ones.
public typealias Position = UInt64

/// Where the reader of a feed stands.
///
/// As a rule all has been seen up to one position. A reader who pages through changes while an earlier one is still being
/// made has two: what is before the first is complete, and up to the second it has seen what there was.
public struct FeedPlace: Hashable, Sendable {
  /// Up to here everything has been seen.
  public let complete: Position
  /// Up to here everything has been seen that could be; not before ``complete``.
  public let seen: Position

  /// A place up to which everything has been seen.
  public init(_ position: Position) { self.init(complete: position, seen: position) }

  /// A place by its parts.
  public init(complete: Position, seen: Position) {
    self.complete = complete
    self.seen = max(complete, seen)
  }
}

/// What a client keeps to go on from: a place in one store's feed, for one user.
///
/// As text: `cur_` and digits of base 32: 13 for the epoch, 13 for each position of the place (one where both are the
/// same), and 7 for a checksum over all and the user, so that a garbled cursor and another user's are told from one of
/// another store.
public struct Cursor: Hashable, Sendable {
  /// The store that the place belongs to.
  public let epoch: UInt64
  /// What has been seen.
  public let place: FeedPlace

  /// A cursor by its parts.
  public init(epoch: UInt64, place: FeedPlace) {
    self.epoch = epoch
    self.place = place
  }

  /// A cursor of someone who has seen everything up to a position.
  public init(epoch: UInt64, position: Position) { self.init(epoch: epoch, place: FeedPlace(position)) }

  /// The text that `user` may come back with.
  public func text(for user: String) -> String {
    var bytes = Array(Self.prefix)
    bytes.reserveCapacity(50)
    Base32.encode(epoch) { bytes.append($0) }
    Base32.encode(place.complete) { bytes.append($0) }
    if place.seen != place.complete { Base32.encode(place.seen) { bytes.append($0) } }
    Base32.encode(checksum(for: user)) { bytes.append($0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The cursor that a text from `user` stands for; `nil` where it is none of theirs.
  public init?(_ text: String, for user: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 37 || bytes.count == 50, bytes.starts(with: Self.prefix),
      let epoch = Base32.decode(bytes[4..<17]), let complete = Base32.decode(bytes[17..<30]),
      let seen = bytes.count == 37 ? complete : Base32.decode(bytes[30..<43]),
      let checksum = Base32.decode(bytes[(bytes.count - 7)...])
    else { return nil }
    self.init(epoch: epoch, place: FeedPlace(complete: complete, seen: seen))
    guard checksum == UInt64(self.checksum(for: user)) else { return nil }
  }

  private func checksum(for user: String) -> UInt32 {
    var digest = Digest()
    digest.combine(epoch)
    digest.combine(place.complete)
    if place.seen != place.complete { digest.combine(place.seen) }
    digest.combine(user)
    return UInt32(truncatingIfNeeded: digest.value ^ digest.value >> 32)
  }

  private static let prefix = "cur_".utf8
}

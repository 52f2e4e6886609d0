public import Pipeline

/// One change to be made.
public enum StoreWrite: Sendable {
  /// A message to store, where its sender may write to its receiver.
  case message(NewMessage, to: Audience = .anyone)
  /// Messages that have been delivered or read.
  case receipt(Receipt)
  /// A message to edit or delete.
  case revision(Revision)
  /// A user who has shown a valid token, with the name in it: made at first sight, renamed when it changes.
  case user(id: String, name: String?)
  /// The name that a user has chosen: it wins over those of tokens.
  case rename(id: String, name: String)
  /// What a user does about a connection with another.
  case link(LinkRequest)
  /// A device that pushes for a user go to; it moves here from whoever had it.
  case addDevice(Device)
  /// The device with this token goes or, without one, all of the user's.
  case removeDevices(of: String, token: String?)
  /// From now on a user's tokens are good only if they were made at this moment or later.
  case revoke(userID: String, notBefore: Timestamp)
  /// Everything of a user's: the content of what they sent, and all that is kept of them. So much of it is done at a
  /// time; it is over when nothing was changed.
  case erase(userID: String, at: Timestamp)
  /// A push that is due: a job for each device of its receiver, or one for the user. It is kept once, and not where its
  /// message has been delivered, read or deleted.
  case push(DuePush)
  /// Jobs to be leased and given: see ``Store/takePushes(service:limit:at:leasedUntil:then:)``.
  case takePushes(PushTake)
  /// What became of a job, told by who had it until `lease`. Changes nothing where that is not its lease any more.
  case pushOutcome(PushJobID, lease: Timestamp, PushOutcome)
  /// Of all messages before one a node has decided whether a service is to push them.
  case pushesDecided(PushMarking)
  /// A node takes over the marks of others that were not renewed for so long, by the store's clock: those nodes are dead.
  /// Each goes to one who asks, and to nobody else until the taker has not renewed it for so long.
  case takePushMarks(service: String, by: NodeID, unrenewedFor: Duration)
  /// Marks end that are a node's own or that it has taken over; others it names stay as they are.
  case endPushMarks(service: String, of: [NodeID], by: NodeID, PushMarkEnd)
  /// An event that a stage has failed on, to be kept. Asked for again after an ``WriteResult/unknown(_:)`` it may be
  /// kept twice.
  case deadLetter(DeadLetter)
  /// The dead letters with these numbers go; a few hundred at a time. Numbers that none has are passed over.
  case dropDeadLetters([Int64])
}

/// What became of one change; durable when it is reported.
public enum WriteResult: Sendable, Equatable {
  /// The message is stored, at this place in the feed.
  case stored(MessageID, Position)
  /// The same send key with the same body was stored before, under this id. Nothing changed.
  case duplicate(MessageID)
  /// What a receipt, revision or erasure did, in the order of the request (oldest first for `upTo`).
  case changed(Few<MessageChange>)
  /// How two users stand to each other now, seen by who asked; `nil` where they have nothing to do with each other.
  case linked(Link?)
  /// The user is known, and goes by this name: their own choice, else that of their token.
  case known(name: String?)
  /// The dead letter is kept, under this number.
  case kept(Int64)
  /// These jobs belong to who asked for them, until their leases end.
  case taken([PushJob])
  /// These marks are taken over by who asked for them.
  case marks([PushMark])
  /// It is done; there is nothing to say about it.
  case done
  /// This change alone was not made.
  case refused(Rejection)
  /// The store failed; nothing of this change was made, and it may be asked for again.
  case unavailable(String)
  /// The store was lost while the change was being made: whether it was is not known. Asking again finds out.
  case unknown(String)
}

extension [WriteResult] {
  /// The places in the feed that the changes took, in rising order.
  public var positions: [Position] {
    var positions: [Position] = []
    positions.reserveCapacity(count)
    for result in self {
      switch result {
      case .stored(_, let position): positions.append(position)
      case .changed(let changes):
        for change in changes { if let position = change.position { positions.append(position) } }
      case .duplicate, .linked, .known, .kept, .taken, .marks, .done, .refused, .unavailable, .unknown: break
      }
    }
    positions.sort()
    return positions
  }
}

extension StoreWrite {
  /// How much of a queue and of a transaction the change takes: 1, and for a dead letter 1 more for each 16 KiB of its
  /// data, so that what waits is bounded in bytes too.
  package var weight: Int {
    if case .deadLetter(let letter) = self { 1 + letter.data.count >> 14 } else { 1 }
  }
}

extension [StoreWrite] {
  /// What the changes take together.
  package var weight: Int { reduce(0) { $0 + $1.weight } }
}

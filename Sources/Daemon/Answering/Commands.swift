import Pipeline
import Services

/// What calls over HTTP change, beside sending events.
struct Commands: Sendable {
  let store: any Store
  let router: any Router
  let sessions: any Sessions
  let names: NameBook
  let revocations: RevocationList
  let clock: EngineClock
  /// The push services of the chain.
  let pushServices: Setting<[any PushTrials]>
  /// Tells the other nodes by what name a user goes now.
  let tellNodes: @Sendable (_ user: String, _ name: String) -> Void

  /// `POST /connections`, `…/accept` and `…/block`, `DELETE /connections/{userId}`.
  func link(_ action: LinkRequest.Action, _ data: EventData, _ user: String) async throws -> OutgoingEvent {
    let request = LinkRequest(action, by: user, about: try data.user("userId"), at: clock.wall())
    guard case .linked(let link?) = try await write(.link(request)), action != .remove else {
      return OutgoingEvent(.ack)
    }
    return OutgoingEvent(.result) { link.write(to: &$0) }
  }

  /// `POST /users/fcm/register`.
  func addDevice(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    guard let token = try data.optionalText("deviceToken", most: 4096) else {
      throw Rejection(.invalidEvent, "deviceToken is missing")
    }
    let platform = try data.optionalText("platform", most: 64)
    for service in pushServices.value {
      guard await service.knows(token) else {
        throw Rejection(.invalidEvent, "the push service does not know this deviceToken")
      }
    }
    _ = try await write(.addDevice(Device(userID: user, token: token, platform: platform)))
    return OutgoingEvent(.ack)
  }

  /// `POST /users/fcm/unregister`.
  func removeDevices(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    let token = try data.optionalText("deviceToken", most: 4096)
    _ = try await write(.removeDevices(of: user, token: token))
    return OutgoingEvent(.ack)
  }

  /// `PATCH /users/me`.
  func rename(_ data: EventData, _ user: String) async throws -> OutgoingEvent {
    guard let name = try data.optionalText("name", most: 256) else {
      throw Rejection(.invalidEvent, "name is missing")
    }
    _ = try await write(.rename(id: user, name: name))
    names.note(name, of: user)
    tellNodes(user, name)
    return .profile(user, name: name)
  }

  /// `POST /server/users/{id}/disconnect`.
  func disconnect(_ data: EventData) throws -> OutgoingEvent {
    sessions.disconnect(try data.user("userId"))
    return OutgoingEvent(.ack)
  }

  /// `POST /server/users/{id}/revoke`: of now where no moment is given.
  func revoke(_ data: EventData) async throws -> OutgoingEvent {
    let user = try data.user("userId")
    var moment = clock.wall()
    if data.has("notBefore") {
      guard let given = data.string("notBefore").flatMap(Timestamp.init(rfc3339:)) else {
        throw Rejection(.invalidEvent, "notBefore must be like 2026-01-31T12:00:00.123Z")
      }
      moment = given
    }
    try await revoke(user, notBefore: moment)
    return OutgoingEvent(.ack)
  }

  private func revoke(_ user: String, notBefore moment: Timestamp) async throws {
    _ = try await write(.revoke(userID: user, notBefore: moment))
    revocations.add(Revocation(userID: user, notBefore: moment))
    sessions.disconnect(user, tokensBefore: moment)
  }

  /// `DELETE /server/users/{id}`: the user's tokens go first, so that nothing new comes while the rest goes.
  func erase(_ data: EventData) async throws -> OutgoingEvent {
    let user = try data.user("userId")
    let now = clock.wall()
    try await revoke(user, notBefore: now + .seconds(1))
    sessions.disconnect(user)
    names.forget(user)
    while case .changed(let changes) = try await write(.erase(userID: user, at: now)), !changes.isEmpty {
      router.deliver(changes.compactMap(Self.deletion))
      store.horizon.end(changes.compactMap(\.position))
    }
    return OutgoingEvent(.ack)
  }

  /// What the other side of an erased message is told.
  private static func deletion(_ change: MessageChange) -> Delivery? {
    guard change.position != nil, change.receiverID != change.senderID else { return nil }
    return Delivery(
      to: change.receiverID,
      OutgoingEvent(.messageDeleted) { data in
        data.member("messageId", change.messageID)
        data.member("deletedAt", change.at)
        data.member("version", change.version)
      }, at: change.position)
  }

  /// Makes one change.
  ///
  /// - Throws: ``Rejection`` where the store refuses it or can't be reached.
  private func write(_ write: StoreWrite) async throws(Rejection) -> WriteResult {
    let result = await withCheckedContinuation { continuation in
      store.write([write]) { continuation.resume(returning: $0.first ?? .unavailable("no answer")) }
    }
    switch result {
    case .refused(let rejection): throw rejection
    case .unavailable: throw Rejection(.unavailable, "the store can't be reached; try again")
    case .unknown: throw Rejection(.timeout, "the store was lost meanwhile; try again to find out")
    default: return result
    }
  }
}

import Pipeline
import Services

/// What a `SYNC`, or `GET /messages/sync`, asks for. Over HTTP all members are texts.
struct SyncQuestion {
  private let data: EventData

  init(_ data: EventData) { self.data = data }

  /// - Throws: ``Rejection``: `INVALID_EVENT` with the field that is wrong, `CURSOR_EXPIRED` for a cursor of another
  ///   store, or of a time past retention.
  func request(for user: String, in store: any Store) throws(Rejection) -> SyncRequest {
    SyncRequest(userID: user, start: try start(user, store), limit: try data.limit())
  }

  private func start(_ user: String, _ store: any Store) throws(Rejection) -> SyncRequest.Start {
    switch (data.has("cursor"), data.has("lastMessageTimestamp")) {
    case (true, true):
      throw Rejection(.invalidEvent, "give either cursor or lastMessageTimestamp, not both")
    case (false, false): return .beginning
    case (true, false):
      guard let text = data.string("cursor"), let cursor = Cursor(text, for: user) else {
        throw Rejection(.invalidEvent, "cursor is none that you were given")
      }
      guard cursor.epoch == store.epoch else {
        throw Rejection(.cursorExpired, "cursor is of another store; sync from the beginning")
      }
      guard cursor.place.complete >= store.oldestPosition else {
        throw Rejection(.cursorExpired, "cursor is older than what is kept; sync from the beginning")
      }
      return .after(cursor.place)
    case (false, true):
      guard let text = data.string("lastMessageTimestamp"), let moment = Timestamp(rfc3339: text) else {
        throw Rejection(.invalidEvent, "lastMessageTimestamp must be like 2026-01-31T12:00:00.123Z")
      }
      return .since(moment)
    }
  }
}

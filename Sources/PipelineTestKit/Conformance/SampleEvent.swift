public import Pipeline

/// An event to try a stage with.
public struct SampleEvent: Sendable {
  let type: EventType
  let data: EventData
  let identity: Identity?

  /// An event by its parts.
  public init(
    _ type: EventType, _ data: EventData = EventData(), as identity: Identity? = Identity(userID: "alice")
  ) {
    self.type = type
    self.data = data
    self.identity = identity
  }

  /// The event, sent by a client.
  func event(from client: TestClient) -> Event {
    var event = Event(type, data: data, connection: client.connection)
    event.identity = identity
    return event
  }
}

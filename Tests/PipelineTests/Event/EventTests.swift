import Testing

@testable import Pipeline

@Suite("Types of events")
struct EventTypeTests {
  @Test("A type is the same however it was made, and another one than all others")
  func identity() {
    for (place, type) in EventType.known.enumerated() {
      #expect(
        EventType(rawValue: type.rawValue) == type
          && EventType(rawValue: type.rawValue).hashValue == type.hashValue)
      var name = type.rawValue
      #expect(name.withUTF8 { EventType(utf8: $0) } == type)
      for other in EventType.known[(place + 1)...] { #expect(other != type) }
    }
    #expect(Set(EventType.known.map(\.number)).count == EventType.known.count)
  }

  @Test(
    "A type of a custom stage is told by its name",
    arguments: ["GEO_PING", "PINGS", "PIN", "", "ping", "P\u{308}ING"])
  func custom(name: String) {
    let type = EventType(rawValue: name)
    #expect(type == EventType(stringLiteral: name) && type.number == 0 && type.rawValue == name)
    #expect(type != "GEO_POLL" && !EventType.known.contains(type) && !type.isReserved)
  }
}

@Suite("What an event carries")
struct EventTests {
  private enum First: EventKey { typealias Value = String }
  private enum Second: EventKey { typealias Value = [Int] }
  private enum OfAny: EventKey { typealias Value = any Sendable }
  private enum OfClass: EventKey { typealias Value = Base }
  private enum OfOptional: EventKey { typealias Value = Int? }
  private class Base: @unchecked Sendable {}
  private final class Derived: Base, @unchecked Sendable {}

  private let connection = Connection(
    id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "127.0.0.1")

  @Test("What stages leave is found by its key, replaced and taken away")
  func notes() {
    var event = Event(.newMessage, connection: connection)
    #expect(event[First.self] == nil)
    event[First.self] = "one"
    event[Second.self] = [2]
    event[First.self] = "another"
    #expect(event[First.self] == "another" && event[Second.self] == [2])
    event[First.self] = nil
    #expect(event[First.self] == nil && event[Second.self] == [2])
  }

  @Test("What is left may be of a protocol, a subclass or absent")
  func wideKeys() {
    var event = Event(.newMessage, connection: connection)
    let derived = Derived()
    event[OfAny.self] = 7
    event[OfClass.self] = derived
    event[OfOptional.self] = .some(nil)
    #expect(event[OfAny.self] as? Int == 7)
    #expect(event[OfClass.self] === derived)
    #expect(event[OfOptional.self] == .some(nil))
  }

  @Test("What is changed on a copy stays as it was on the other")
  func copies() {
    var event = Event(.newMessage, data: ["content": "one"], connection: connection)
    event[First.self] = "one"
    var copy = event
    copy.type = .typing
    copy.data.set("content", to: "two")
    copy.identity = Identity(userID: "alice")
    copy.answer(OutgoingEvent(.ack))
    copy[First.self] = "two"
    #expect(event.type == .newMessage && event.data.string("content") == "one" && event[First.self] == "one")
    #expect(event.identity == nil && event.answer == nil)
    #expect(copy.type == .typing && copy.data.string("content") == "two" && copy[First.self] == "two")
  }

  @Test("An outgoing event takes one more text without being encoded again")
  func adding() {
    let event = OutgoingEvent(.newMessage) { $0.member("content", "a \"quote\"") }
    let more = OutgoingEvent(event, adding: "tempId", "t\n1")
    #expect(
      String(decoding: more.bytes, as: UTF8.self)
        == #"{"type":"NEW_MESSAGE","data":{"content":"a \"quote\"","tempId":"t\n1"}}"#)
    #expect(String(decoding: more.data, as: UTF8.self) == #"{"content":"a \"quote\"","tempId":"t\n1"}"#)
    #expect(more.type == .newMessage)
  }
}

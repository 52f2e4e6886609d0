import PipelineTestKit
import Testing

@testable import Pipeline

@Suite("A trace that began elsewhere")
struct TraceParentTests {
  private static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test(
    "Only what W3C Trace Context allows is taken",
    arguments: [
      (good, true), (good.uppercased(), false), (String(good.dropLast()), false), (good + "-x", false),
      ("01" + good.dropFirst(2) + "-x", true), ("01" + good.dropFirst(2) + "-x\n", false),
      ("ff" + good.dropFirst(2), false), ("", false),
      ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
      (good.replacing("-", with: "_"), false), ("é" + good.dropFirst(2), false),
    ] as [(String, Bool)])
  func form(text: String, isGood: Bool) {
    #expect(TraceParent(text)?.description == (isGood ? text : nil))
  }

  @Test("An event's own goes before its connection's; what is malformed is passed over")
  func inheritance() throws {
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let connection = Connection(
      id: ConnectionID(rawValue: 1), ingress: .local, remoteAddress: "::1", trace: TraceParent(Self.good))
    func trace(_ frame: String) throws -> String? {
      guard case .one(let result) = EventEnvelope.decode(Array(frame.utf8)) else { return nil }
      return Event(try result.get(), connection: connection, arrival: 0).trace?.description
    }
    #expect(try trace(#"{"type":"PING","traceparent":"\#(other)"}"#) == other)
    #expect(try trace(#"{"type":"PING"}"#) == Self.good)
    #expect(try trace(#"{"type":"PING","traceparent":"no"}"#) == Self.good)
    #expect(try trace(#"{"type":"PING","traceparent":7}"#) == Self.good)
  }
}

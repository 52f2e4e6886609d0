import Pipeline
import PipelineTestKit
import Services
import Testing

@testable import LinkPolicy

@Suite("The link policy")
struct LinkPolicyTests {
  private let services: TestServices
  private static let yaml = "address: http://127.0.0.1:1/check\nfaults: 2\npause: 5s"

  init() throws { services = try TestServices() }

  private func chain(_ more: String = "") async throws -> TestChain {
    TestChain(
      [try await services.stage(LinkPolicy.self, yaml: Self.yaml + more)], clock: services.clock.clock)
  }

  private func answer(_ status: Int) { services.web.answer { _ in WebResponse(status: status, body: []) } }

  @Test("asks about each link once, and about nothing else")
  func asks() async throws {
    answer(204)
    let text = "see HTTPS://a.example/x?y=1&z=ü and (http://b.example) and HTTPS://a.example/x?y=1&z=ü"
    #expect(try await chain().send(.newMessage, ["content": text]).rejection == nil)
    #expect(try await chain().send(.newMessage, ["content": "no link"]).rejection == nil)
    #expect(
      services.web.addresses == [
        "http://127.0.0.1:1/check?url=HTTPS%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z%3D%C3%BC",
        "http://127.0.0.1:1/check?url=http%3A%2F%2Fb.example%29",
      ])
  }

  @Test("refuses what the server refuses, also in an edit")
  func refuses() async throws {
    answer(403)
    for type in [EventType.newMessage, .editMessage] {
      let reply = try await chain().send(type, ["content": "http://a.example"])
      #expect(reply.rejection?.code == "LINK_REFUSED")
    }
  }

  @Test("refuses more links than it is to ask about, without asking")
  func bounds() async throws {
    let reply = try await chain("\nlinks: 1").send(.newMessage, ["content": "http://a http://b"])
    #expect(reply.rejection?.code == "TOO_MANY_LINKS")
    #expect(services.web.addresses.isEmpty)
  }

  @Test("fails where the server does, as on_error says", arguments: ["reject", "skip"])
  func fails(policy: String) async throws {
    answer(500)
    let chain = try await chain("\non_error: \(policy)")
    let reply = await chain.send(.newMessage, ["content": "http://a.example"])
    #expect((reply.rejection?.code == .internal) == (policy == "reject"))
    #expect(chain.observer.faults == ["link_policy: the server has answered with 500"])
  }

  @Test("asks no more after faults in a row, until the pause is over, and says so once")
  func breaks() async throws {
    answer(500)
    let chain = try await chain()
    for _ in 0..<4 { _ = await chain.send(.newMessage, ["content": "http://a.example"]) }
    #expect(services.web.addresses.count == 2)
    #expect(
      chain.observer.faults.last
        == "link_policy: the server has failed too often and is left alone for a while")
    #expect(services.log.lines.map(\.message) == ["the link policy's server is left alone for a while"])
    services.clock.advance(by: .seconds(5))
    answer(204)
    #expect(await chain.send(.newMessage, ["content": "http://a.example"]).rejection == nil)
  }

  @Test("goes on without an answer that does not come in time")
  func hangs() async throws {
    services.web.hang()
    let chain = try await chain("\nwait: 1m\ntimeout: 1s")
    let client = chain.connect()
    client.send(.newMessage, ["content": "http://a.example"])
    while services.web.addresses.isEmpty { await Task.yield() }
    services.clock.advance(by: .seconds(1))
    chain.executor.driveDelayed()
    #expect(await client.nextReply().rejection?.code == .timeout)
  }

  @Test("wants an address that it can ask", arguments: ["ftp://a", "http://", "https://a?b=c"])
  func configuration(address: String) {
    #expect(
      TestEntry(LinkPolicy.self, yaml: "address: \(address)").faults
        == ["1:10: error: 'address' is http://… or https://…, with no query (stage 'link_policy')"])
  }

  @Test("keeps to what every stage has to")
  func conforms() async throws {
    let violations = try await StageConformance(
      LinkPolicy.self, yaml: Self.yaml,
      events: [
        SampleEvent(.newMessage, ["content": "http://a.example"]),
        SampleEvent(.editMessage, ["content": "none"]),
      ],
      equip: { test in
        test.web.answer { _ in WebResponse(status: 204, body: []) }
        return test.all
      }
    ).violations()
    #expect(violations == [])
  }
}

import Pipeline
import PipelineTestKit
import RateLimitOutside
import Testing

@Suite("A built-in stage, built outside its package")
struct OutsideTests {
  @Test("does what it does inside")
  func limits() async throws {
    let services = try TestServices()
    let chain = TestChain([try await services.stage(RateLimit.self, yaml: "rate: 1/s\nburst: 2")])
    let codes = await [
      chain.send(.newMessage), chain.send(.newMessage), chain.send(.newMessage),
    ].map { $0.rejection?.code }
    #expect(codes.map { $0 == .rateLimited } == [false, false, true])
  }

  @Test("keeps to what every stage has to")
  func conforms() async throws {
    let violations = try await StageConformance(
      RateLimit.self, yaml: "rate: 1/s", events: [SampleEvent(.newMessage), SampleEvent(.connect)]
    ).violations()
    #expect(violations == [])
  }
}

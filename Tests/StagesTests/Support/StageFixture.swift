import Pipeline
import PipelineTestKit
import Services

/// What stages stand on in tests: what every author of a stage has for theirs.
typealias StageFixture = TestServices

extension TestServices {
  /// What a stage that pushes is started with.
  func context(for type: any Stage.Type, book: PushBook?, web: (any WebSender)? = nil) -> StageContext {
    var services = all
    services[PushBookKey.self] = book
    services[WebSenderKey.self] = web
    let context = context(for: type)
    return StageContext(
      name: type.name, services: services, logger: context.logger, clock: clock.clock)
  }
}

/// Takes whatever comes to it, as a chain's last stage.
struct Accepting: EventStage {
  static let name = "accepting"
  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .stop }
}

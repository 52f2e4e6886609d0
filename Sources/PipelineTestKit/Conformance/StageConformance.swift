public import Pipeline

/// What every stage has to keep to, whatever it does: the built-in ones pass this too.
///
/// ```swift
/// @Test("Keeps to what a stage has to")
/// func conforms() async throws {
///   let violations = try await StageConformance(
///     WordFilter.self, yaml: "words: [darn]", events: [SampleEvent(.newMessage, ["content": "darn"])]).violations()
///   #expect(violations == [])
/// }
/// ```
///
/// Checked is that
/// - its entry is read alike each time, and refused with a key that it does not know;
/// - it starts, is kept at a reload, gives way to a successor, and ends when it is told to, also with no event seen, with its
///   chain given up, and with its task cancelled;
/// - each of its events gets one answer and comes back once, and a task of its own ends when it is cancelled;
/// - on the event loop it neither waits nor computes for long;
/// - with store, state and other servers away it fails as `on_error` says, and does not hang.
public struct StageConformance<Kind: Stage>: Sendable {
  /// What a stage is started with.
  public typealias Equipment = @Sendable (TestServices) throws -> ServiceSet

  let yaml: String
  let events: [SampleEvent]
  let equip: Equipment
  let patience: Patience

  /// A check of a stage.
  ///
  /// - Parameters:
  ///   - yaml: The keys of an entry, as they stand under `- stage: NAME`.
  ///   - events: Events of all the sorts that the stage tells apart.
  ///   - patience: How long it may take for anything.
  ///   - equip: Makes the services that it is started with, and has other servers answer.
  public init(
    _ type: Kind.Type, yaml: String = "", events: [SampleEvent], patience: Duration = .seconds(10),
    equip: @escaping Equipment = { $0.all }
  ) {
    self.yaml = yaml
    self.events = events
    self.patience = Patience(limit: patience)
    self.equip = equip
  }

  /// What the stage does not keep to, a sentence each; empty is well.
  ///
  /// - Throws: what keeps the test's own services from being made.
  public func violations() async throws -> [String] {
    let entry = TestEntry(Kind.self, yaml: yaml)
    var found = configurationViolations(entry)
    guard let entry = try? entry.accepted() else { return found }
    found += try await lifeViolations(entry)
    // Without a stage that starts there is nothing else to see.
    guard found.isEmpty else { return found }
    found += try await loopViolations(entry)
    found += try await answerViolations(entry)
    found += try await cancellationViolations(entry)
    found += try await faultViolations()
    return found
  }

  /// A stage that was started from an entry, and what it stands on.
  func start(
    _ entry: StageEntry, after last: ChainStage? = nil, on services: ServiceSet, _ test: TestServices
  )
    async -> Result<ChainStage, any Error>?
  {
    await patience.wait {
      do {
        return .success(
          try await entry.start(services, test.log.logger, test.clock.clock, replacing: last))
      } catch { return .failure(error) }
    }
  }

  /// Ends a stage; `false` where it does not end.
  func end(_ stage: ChainStage) async -> Bool {
    await patience.wait {
      await stage.instance.shutDown()
      return true
    } ?? false
  }

  /// The sample events that come to an entry's stage.
  func samples(for stage: ChainStage) -> [SampleEvent] { events.filter { stage.events.takes($0.type) } }
}

/// A chain's end: takes whatever comes to it.
struct Accepting: EventStage {
  static let name = "test_accepting"
  static let events = EventFilter.all

  init() {}
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .stop }
}

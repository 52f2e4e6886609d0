import Glibc
import Logging
import Pipeline
import PipelineTestKit
import Services
import Synchronization
import Testing

/// A stage that keeps to everything.
private struct Good: EventStage {
  struct Configuration: Decodable, Sendable { var words: [String]? }

  static let name = "good"
  static let options = [StageOption("words", "list", default: "[]", "what is looked for")]
  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

/// A stage that waits on the event loop.
private struct Sleeping: EventStage {
  static let name = "sleeping"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict {
    usleep(1000)
    return .continue
  }
}

/// A stage that computes for long on the event loop.
private struct Digging: BatchStage {
  static let name = "digging"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: inout EventBatch) {
    var spent = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent)
    let end = spent.tv_sec * 1000 + spent.tv_nsec / 1_000_000 + 60
    repeat {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent)
    } while spent.tv_sec * 1000 + spent.tv_nsec
      / 1_000_000 < end
  }
}

/// A stage that never gives anything back.
private struct Swallowing: DeferringStage {
  static let name = "swallowing"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {}
}

/// A stage that gives everything back twice.
private struct Stammering: DeferringStage {
  static let name = "stammering"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    done(batch)
    done(batch)
  }
}

/// A task that does not hear that it is cancelled.
private struct Deaf: AsyncStage {
  static let name = "deaf"
  let web: any WebFetcher

  init(_ configuration: NoConfiguration, _ context: StageContext) throws {
    web = try context.require(WebFetcherKey.self)
  }

  func process(_ event: inout Event) async -> Verdict {
    let web = web
    let task = Task { _ = try? await web.get("http://127.0.0.1/", limit: 1, timeout: .seconds(60)) }
    await task.value
    return .continue
  }
}

/// A stage that does not end.
private struct Lingering: EventStage {
  static let name = "lingering"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
  func shutDown() async { try? await Task.sleep(for: .seconds(86_400)) }
}

/// A stage that takes whatever its entry holds, describes what it does not have, and has a strange name.
private struct Careless: EventStage {
  struct Configuration: Decodable, Sendable {
    init(from decoder: any Decoder) throws {
      struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }
      let container = try decoder.container(keyedBy: AnyKey.self)
      for key in container.allKeys { _ = try container.decodeNil(forKey: key) }
    }
  }

  static let name = "Care-less"
  init(_ configuration: Configuration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

/// A stage that describes a key which its configuration does not have.
private struct Boasting: EventStage {
  static let name = "boasting"
  static let options = [StageOption("words", "list", default: nil, "what is looked for")]
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) -> Verdict { .continue }
}

/// A stage that fails on all events.
private struct Failing: EventStage {
  struct Mishap: Error {}

  static let name = "failing"
  init(_ configuration: NoConfiguration, _ context: StageContext) {}
  func process(_ event: inout Event) throws -> Verdict { throw Mishap() }
}

/// A stage that waits for a store that is away.
private final class Patient: DeferringStage {
  static let name = "patient"
  let store: any Store

  init(_ configuration: NoConfiguration, _ context: StageContext) throws { store = try context.store }

  func process(_ batch: EventBatch, done: @escaping @Sendable (EventBatch) -> Void) {
    store.ready { problem in if problem == nil { done(batch) } }
  }
}

@Suite("The check that every stage passes finds what is wrong with one")
struct StageConformanceTests {
  private func violations<Kind: Stage>(
    _ type: Kind.Type, yaml: String = "", patience: Duration = .milliseconds(300)
  ) async throws -> [String] {
    try await StageConformance(
      type, yaml: yaml, events: [SampleEvent(.newMessage), SampleEvent(.ping)], patience: patience,
      equip: { test in
        test.web.answer { _ in WebResponse(status: 204, body: []) }
        return test.all
      }
    ).violations()
  }

  @Test("Nothing is said of one that keeps to everything")
  func good() async throws {
    let found = try await violations(Good.self, yaml: "words: [a]", patience: .seconds(10))
    #expect(found == [])
  }

  @Test("An entry that the daemon would refuse is told with its place")
  func refused() async throws {
    let found = try await violations(Good.self, yaml: "words: [a]\nwodrs: 1")
    #expect(
      found == [
        "its entry is refused: 2:1: error: unknown key 'wodrs' in stage 'good'; did you mean 'words'?"
      ])
  }

  @Test("What waits or computes on the event loop is found")
  func onTheLoop() async throws {
    let sleeping = try await violations(Sleeping.self, patience: .seconds(10))
    #expect(sleeping == ["it waits on the event loop, which it must not"])
    let digging = try await violations(Digging.self, patience: .seconds(10))
    #expect(digging.count == 1)
    #expect(digging.first?.hasPrefix("it computes on the event loop for ") == true)
  }

  @Test("What never comes back is found, and does not hang the test")
  func never() async throws {
    let swallowing = try await violations(Swallowing.self)
    #expect(
      swallowing
        == ["NEW_MESSAGE", "PING"].map { "where it took another's place it does not get done with \($0)" })
    let patient = try await violations(Patient.self, patience: .seconds(1))
    #expect(patient.contains("it hangs on PING where what it stands on is away"))
    let deaf = try await violations(Deaf.self, patience: .seconds(1))
    #expect(deaf.contains("it goes on with PING when it is cancelled"))
    let lingering = try await violations(Lingering.self)
    #expect(lingering.contains("it does not end after its last event"))
  }

  @Test("What comes back twice, or fails, is found")
  func twice() async throws {
    let stammering = try await violations(Stammering.self, patience: .seconds(10))
    #expect(stammering == ["it gives events back twice"])
    let failing = try await violations(Failing.self, patience: .seconds(10))
    #expect(failing == Array(repeating: "it fails on a sample event: failing: Mishap()", count: 2))
  }

  @Test("A strange name, and an entry that takes or describes anything, are found")
  func careless() async throws {
    let careless = try await violations(Careless.self, patience: .seconds(10))
    #expect(
      careless == [
        "its name 'Care-less' is not made of small letters, digits and '_'",
        "its entry takes a key that it can't know",
      ])
    let boasting = try await violations(Boasting.self, patience: .seconds(10))
    #expect(boasting == ["it describes a key 'words' that its configuration does not have"])
  }
}

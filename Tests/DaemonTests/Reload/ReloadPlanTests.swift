import Foundation
import Pipeline
import Stages
import Testing

@testable import Daemon

@Suite("What a reload would change, and how")
final class ReloadPlanTests {
  private static let base = """
    version: 1
    server:
      listen: 127.0.0.1:8080
      limits: { max_frame: 64KiB, max_connections: 100 }
    store: postgres://sluice:hunter2@db/sluice
    state: redis://redis
    pipeline:
      - stage: auth
        secret_file: FOLDER/secret
      - stage: rate_limit
        rate: 50/s
        burst: 100
      - stage: persist
      - stage: fan_out
    """

  private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write("secret", String(repeating: "s", count: 40) + "\n")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  private func load(_ text: String) throws -> LoadedConfiguration.Content {
    try write("pipeline.yaml", text.replacing("FOLDER", with: folder.path))
    let loaded = LoadedConfiguration(
      folder.appending(path: "pipeline.yaml").path, StageRegistry(StandardStages.all), environment: [:])
    return try #require(loaded.content, "\(loaded.report.text)")
  }

  private func changes(_ replacements: [(String, String)], startedWith started: String = base) throws
    -> [String]
  {
    let before = try load(started)
    let after = try load(replacements.reduce(Self.base) { $0.replacing($1.0, with: $1.1) })
    let plan = ReloadPlan(from: before, Chain([]), startedWith: before, to: after)
    return plan.changes.map { "\($0.effect.rawValue) \($0.path): \($0.detail)" }
  }

  @Test("Nothing, where the file means the same")
  func nothing() throws {
    #expect(try changes([("    burst: 100", "    # a comment\n    burst: 100")]) == [])
  }

  @Test("Limits are live, backends and sockets are not, and no password is shown")
  func kinds() throws {
    #expect(
      try changes([
        ("max_frame: 64KiB, max_connections: 100", "max_connections: 200"), ("8080", "8081"),
        ("hunter2@db", "hunter3@db2"),
      ]) == [
        "restart server.listen: 127.0.0.1:8080 -> 127.0.0.1:8081",
        "restart store: postgres://sluice:*******@db/sluice -> postgres://sluice:*******@db2/sluice",
        "hot server.limits.max_connections: 100 -> 200",
        "hot server.limits.max_frame: 64KiB -> (default)",
      ])
  }

  @Test("A stage whose own keys differ is started anew, one that is merely run in another way is not")
  func stages() throws {
    #expect(
      try changes([
        ("    burst: 100", "    burst: 50\n    enforce: shadow"),
        ("  - stage: fan_out", "  - stage: fan_out\n    timeout: 1s\n  - stage: presence"),
      ]) == [
        "rebuild pipeline.rate_limit.burst: 100 -> 50",
        "hot pipeline.rate_limit.enforce: (default) -> shadow",
        "hot pipeline.fan_out.timeout: (default) -> 1s", "rebuild pipeline.presence: started",
      ])
  }

  @Test("What is named like a secret is not shown, however deep it stands")
  func secrets() throws {
    let before = try load(Self.base)
    let stage = Self.base.replacing(
      "  - stage: persist",
      with: "  - stage: keeper\n    hook: { url: x, api_key: hunter2 }\n  - stage: persist")
    let registry = StageRegistry(StandardStages.all + [Keeper.self])
    func content(_ text: String) throws -> LoadedConfiguration.Content {
      try write("pipeline.yaml", text.replacing("FOLDER", with: folder.path))
      let path = folder.appending(path: "pipeline.yaml").path
      return try #require(LoadedConfiguration(path, registry, environment: [:]).content)
    }
    let plan = ReloadPlan(
      from: try content(stage), Chain([]), startedWith: before,
      to: try content(stage.replacing("api_key: hunter2", with: "api_key: hunter3")))
    #expect(
      plan.changes.map(\.detail)
        == ["{ url: x, api_key: (hidden) } -> { url: x, api_key: (hidden) }"])
  }

  @Test("Stages may go, and change their places")
  func order() throws {
    #expect(
      try changes([("  - stage: fan_out", "  - stage: fan_out\n    enabled: false")])
        == ["hot pipeline.fan_out: ended"])
    #expect(
      try changes(
        [],
        startedWith: Self.base.replacing(
          "  - stage: persist\n  - stage: fan_out",
          with: "  - stage: persist\n    name: p\n  - stage: fan_out"))
        == ["hot pipeline.p: ended", "rebuild pipeline.persist: started"])
  }
}

/// A stage whose configuration holds a secret.
private struct Keeper: EventStage {
  static let name = "keeper"

  struct Configuration: Decodable, Sendable {
    var hook: [String: String]
  }

  init(_ configuration: Configuration, _ context: StageContext) {}

  func process(_ event: inout Event) -> Verdict { .continue }
}

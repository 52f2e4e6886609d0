import Foundation
import Pipeline
import Stages
import Testing

@testable import Daemon

/// A folder with a configuration and tests of its chain.
final class TestFolder {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")

  /// - Parameters:
  ///   - stages: The entries of the chain between `auth` and `persist`.
  ///   - tail: Those behind all others.
  ///   - head: What stands before the chain.
  init(stages: String = "", tail: String = "", head: String = "") throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(
      "pipeline.yaml",
      """
      version: 1
      \(head)
      pipeline:
        - stage: auth
          secret_file: /no/such/secret
      \(stages)
        - stage: persist
        - stage: fan_out
      \(tail)
      """)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  /// Reads a file of these tests, of which all after `tests:` is given.
  func load(_ tests: String, config: String = "pipeline.yaml", _ more: [any Stage.Type] = []) throws
    -> LoadedChainTests
  {
    try write("chain.test.yaml", "config: \(config)\ntests:\n\(tests)\n")
    return try LoadedChainTests(
      folder.appending(path: "chain.test.yaml").path, StageRegistry(StandardStages.all + more),
      environment: [:])
  }

  /// The faults of such a file, as they are reported, without the folder and the lines of the file.
  func faults(_ tests: String, config: String = "pipeline.yaml") throws -> [String] {
    let loaded = try load(tests, config: config)
    #expect(loaded.content == nil || loaded.report.isEmpty)
    return loaded.report.replacing(folder.path + "/", with: "").split(separator: "\n")
      .filter { !$0.hasPrefix(" ") }.map(String.init)
  }

  /// What was not met, `LINE:COLUMN message`, of all tests of such a file.
  func mismatches(_ tests: String, _ more: [any Stage.Type] = []) async throws -> [String] {
    try await results(tests, more).flatMap { result in
      result.mismatches.map { "\($0.mark.line):\($0.mark.column) \($0.message)" }
    }
  }

  func results(_ tests: String, _ more: [any Stage.Type] = []) async throws -> [ChainTestResult] {
    let loaded = try load(tests, more)
    let content = try #require(loaded.content, "\(loaded.report)")
    var results: [ChainTestResult] = []
    for test in content.tests {
      results.append(await ChainTestRun.run(test, content.configuration, secret: content.secret))
    }
    return results
  }
}

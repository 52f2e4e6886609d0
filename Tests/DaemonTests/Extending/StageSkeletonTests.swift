import Testing

@testable import Daemon

@Suite("The package of a new stage")
struct StageSkeletonTests {
  @Test(
    "A stage is named after its type, word by word",
    arguments: [
      ("Profanity", "profanity"), ("WordFilter", "word_filter"), ("HTTPPolicy", "http_policy"),
      ("LinksByHTTP", "links_by_http"), ("Top10", "top10"), ("A", "a"),
    ])
  func names(type: String, stage: String) throws {
    #expect(try StageSkeleton(type, sluice: .folder("/s")).stageName == stage)
  }

  @Test(
    "What is no name for a type, or another's, is refused",
    arguments: [
      "", "profanity", "Word Filter", "../Up", "Wört", "Event", "Pipeline", String(repeating: "A", count: 65),
    ])
  func refused(name: String) {
    #expect(throws: CommandError.self) { try StageSkeleton(name, sluice: .folder("/s")) }
  }

  @Test("It has a stage, the list that it is found by, a test, a chain and a README")
  func files() throws {
    let skeleton = try StageSkeleton("WordFilter", sluice: .folder("/src/sluice"))
    #expect(
      skeleton.files.map(\.path) == [
        "Package.swift", "Sources/WordFilter/WordFilter.swift", "Sources/WordFilter/Stages.swift",
        "Tests/WordFilterTests/WordFilterTests.swift", "pipeline.yaml", "README.md", ".gitignore",
      ])
    let manifest = skeleton.files[0].text
    #expect(manifest.contains(#"dependencies: [.package(name: "sluice", path: "/src/sluice")],"#))
    #expect(manifest.contains(#".product(name: "Pipeline", package: "sluice")"#))
    #expect(skeleton.files[2].text.contains(StagePackage.convention))
  }
}

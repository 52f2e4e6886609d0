import Testing

@testable import Daemon

@Suite("The package of a daemon with stages of its own")
struct DaemonPackageTests {
  private static let manifest = """
    {"name": "Two", "products": [
      {"name": "One", "targets": ["OneStages", "OneMore"], "type": {"library": ["automatic"]}},
      {"name": "tool", "targets": ["tool"], "type": {"executable": null}}
    ]}
    """

  private func package() throws -> DaemonPackage {
    let stages = try StagePackage(
      .repository("https://a.example/stages.git", .release("1.2.3")), manifest: Array(Self.manifest.utf8))
    return DaemonPackage(sluice: .folder("/src/sluice"), packages: [stages])
  }

  @Test("Of a package its libraries count, and nothing else")
  func libraries() throws {
    #expect(try package().packages[0].libraries == [.init(name: "One", modules: ["OneStages", "OneMore"])])
    #expect(throws: CommandError.self) {
      try StagePackage(.folder("/a"), manifest: Array(#"{"products": []}"#.utf8))
    }
    #expect(throws: CommandError.self) { try StagePackage(.folder("/a"), manifest: Array("no JSON".utf8)) }
  }

  @Test("Its manifest names Sluice and the packages, its main the stages of all modules")
  func files() throws {
    let files = Dictionary(uniqueKeysWithValues: try package().files.map { ($0.path, $0.text) })
    let manifest = try #require(files["Package.swift"])
    #expect(manifest.contains(#"    .package(name: "sluice", path: "/src/sluice"),"#))
    #expect(manifest.contains(#"    .package(url: "https://a.example/stages.git", exact: "1.2.3"),"#))
    #expect(manifest.contains(#".product(name: "Daemon", package: "sluice"),"#))
    #expect(manifest.contains(#".product(name: "One", package: "stages"),"#))
    let main = try #require(files["Sources/sluice-with-stages/Main.swift"])
    #expect(main.contains("stages: Sluice.standardStages + stagesOfOneStages + stagesOfOneMore)"))
    #expect(
      files["Sources/sluice-with-stages/Stages+OneMore.swift"]
        == "import OneMore\nimport Pipeline\n\nlet stagesOfOneMore: [any Stage.Type] = stages\n")
    #expect(files.count == 4)
  }

  @Test("Packages of a graph are found by identity, however deep")
  func graph() {
    let graph = """
      {"identity": "root", "path": "/r", "dependencies": [
        {"identity": "stages", "path": "/s", "dependencies": [
          {"identity": "deep", "path": "/d", "dependencies": []}]}]}
      """
    #expect(
      StagePackage.folders(graph: Array(graph.utf8)) == ["root": "/r", "stages": "/s", "deep": "/d"])
  }
}

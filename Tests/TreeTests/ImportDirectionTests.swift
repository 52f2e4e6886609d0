import Foundation
import Testing

@Suite("Imports point one way")
struct ImportDirectionTests {
  /// What each module may import of ours: all else is an import that points upwards, or past a seam.
  static let allowed: [(module: String, imports: Set<String>)] = [
    ("Pipeline", ["CLibYAML"]),
    ("Services", ["Pipeline"]),
    ("PipelineTestKit", ["Pipeline", "Services", "MemoryState", "SQLiteStore"]),
    ("Stages", ["Pipeline", "Services", "COpenSSL"]),
    ("SQLiteStore", ["Pipeline", "Services", "CSQLite"]),
    ("MemoryState", ["Pipeline", "Services"]),
    ("PostgresStore", ["Pipeline", "Services", "CLibPQ"]),
    ("RedisState", ["Pipeline", "Services", "CHiredis"]),
    (
      "Daemon",
      [
        "Pipeline", "Services", "Stages", "SQLiteStore", "MemoryState", "PostgresStore", "RedisState",
        "COpenSSL",
      ]
    ),
    ("sluice", ["Daemon"]),
  ]

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static let modules = Set(allowed.map(\.module)).union([
    "CLibYAML", "CSQLite", "COpenSSL", "CLibPQ", "CHiredis",
  ])

  @Test("A module imports only what stands below it", arguments: allowed)
  func direction(module: String, imports: Set<String>) throws {
    let folder = Self.root.appending(path: "Sources/\(module)")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    #expect(!files.isEmpty)
    for file in files {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        // What is indented stands in a text: source that is written for others.
        if line.hasPrefix("//") || line.hasPrefix(" ") { continue }
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1 else {
          continue
        }
        let imported = String(words[place + 1])
        guard Self.modules.contains(imported) else { continue }
        #expect(imports.contains(imported), "\(file.lastPathComponent) imports \(imported)")
      }
    }
  }

  @Test("The core and the seams do no IO: they import no networking")
  func noNetworking() throws {
    for module in ["Pipeline", "Services", "Stages", "MemoryState"] {
      let folder = Self.root.appending(path: "Sources/\(module)")
      let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      for file in files {
        #expect(
          !(try String(contentsOf: file, encoding: .utf8)).contains("import NIO"), "\(file.lastPathComponent)"
        )
      }
    }
  }
}

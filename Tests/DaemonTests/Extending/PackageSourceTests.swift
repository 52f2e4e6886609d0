import Glibc
import Testing

@testable import Daemon

@Suite("Where a package is had from")
struct PackageSourceTests {
  @Test(
    "A repository may be named with a release, a commit or a branch",
    arguments: [
      ("https://a.example/b/stages.git", "\"0.0.0\"..<\"1000000.0.0\""),
      ("https://a.example/b/stages.git@1.2.3", "exact: \"1.2.3\""),
      ("https://a.example/b/stages@1.2.3-beta.1", "exact: \"1.2.3-beta.1\""),
      ("ssh://git@a.example/b/stages@next", "branch: \"next\""),
      (
        "git@a.example:b/stages@\(String(repeating: "ab", count: 20))",
        "revision: \"\(String(repeating: "ab", count: 20))\""
      ),
    ])
  func versions(text: String, requirement: String) throws {
    let source = try PackageSource(text)
    let address =
      text.contains("stages.git")
      ? text.prefix { $0 != "@" } : text[..<(text.lastIndex(of: "@") ?? text.endIndex)]
    #expect(source.declaration == ".package(url: \"\(address)\", \(requirement))")
    #expect(source.identity == "stages")
  }

  @Test("A folder is one that holds a package, and is named whole")
  func folders() throws {
    let here = Self.root
    #expect(try PackageSource(here) == .folder(here))
    #expect(try PackageSource("\(here)/Sources/..") == .folder(here))
    #expect(try PackageSource(here).declaration == ".package(path: \"\(here)\")")
    #expect(throws: CommandError.self) { try PackageSource("\(here)/Sources") }
    #expect(throws: CommandError.self) { try PackageSource("/nowhere/at/all") }
  }

  @Test("Nothing gets into a manifest but as a text")
  func quoting() throws {
    #expect(
      try PackageSource(#"https://a/b"),x("\(1)"#).declaration.hasPrefix(
        #".package(url: "https://a/b\"),x(\"\\(1)""#))
    #expect(throws: CommandError.self) { try PackageSource("https://a/b\n@1.0.0") }
    #expect(throws: CommandError.self) { try PackageSource("https://a/b@") }
  }

  @Test("Sluice's own source is found around what lies in it")
  func checkout() {
    #expect(SluiceSource.checkout(around: "\(Self.root)/Sources/Daemon") == Self.root)
    #expect(SluiceSource.checkout(around: "/tmp") == nil)
  }

  static let root = String(#filePath.dropLast("/Tests/DaemonTests/Extending/PackageSourceTests.swift".count))
}

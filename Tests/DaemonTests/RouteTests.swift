import Foundation
import Testing

@testable import Daemon

@Suite("Addresses of the HTTP API")
struct RouteTests {
  /// That they behave as described is for the integration suite, which can't see what is not described.
  @Test("The document lists those that there are, and no others")
  func documented() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/openapi.yaml")
    let document = try String(contentsOf: root, encoding: .utf8)
    #expect(
      Self.operations(in: document)
        == Set(Route.all.map { "\($0.method) /\($0.path.joined(separator: "/"))" }))
  }

  /// The methods and addresses under `paths`, told by their indentation.
  private static func operations(in document: String) -> Set<String> {
    var operations: Set<String> = []
    var path = ""
    var isUnderPaths = false
    for line in document.split(separator: "\n") {
      if !line.hasPrefix(" ") { isUnderPaths = line == "paths:" }
      guard isUnderPaths else { continue }
      if let match = line.wholeMatch(of: /\ \ (\/\S*):/) { path = String(match.1) }
      if let match = line.wholeMatch(of: /\ \ \ \ (get|put|post|patch|delete):/) {
        operations.insert("\(match.1.uppercased()) \(path)")
      }
    }
    return operations
  }
}

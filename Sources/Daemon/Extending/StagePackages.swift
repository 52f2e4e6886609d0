import Pipeline

/// A package of stages, as far as a daemon that is to have them needs to know it.
struct StagePackage: Sendable, Equatable {
  /// A library of the package, and the modules in it.
  struct Library: Sendable, Equatable {
    let name: String
    let modules: [String]
  }

  let source: PackageSource
  let libraries: [Library]

  /// What a package's manifest says, as `swift package dump-package` prints it.
  ///
  /// - Throws: `CommandError` where the package has no library.
  init(_ source: PackageSource, manifest: [UInt8]) throws {
    self.source = source
    let products = (try? JSONValue(parsing: manifest))?["products"]?.array ?? []
    libraries = products.compactMap { product in
      guard let name = product["name"]?.string, product["type"]?["library"] != nil,
        let modules = product["targets"]?.array?.compactMap(\.string), !modules.isEmpty
      else { return nil }
      return Library(name: name, modules: modules)
    }
    guard !libraries.isEmpty else {
      throw CommandError(
        "the package '\(source.identity)' has no library; one of stages has a library whose module holds "
          + "'\(Self.convention)'")
    }
  }

  /// What every module of a package of stages holds.
  static let convention = "public let stages: [any Stage.Type]"

  /// Where the packages of a graph are, by identity, as `swift package show-dependencies` prints it.
  static func folders(graph: [UInt8]) -> [String: String] {
    var folders: [String: String] = [:]
    func add(_ package: JSONValue) {
      if let identity = package["identity"]?.string, let path = package["path"]?.string {
        folders[identity] = path
      }
      for dependency in package["dependencies"]?.array ?? [] { add(dependency) }
    }
    if let root = try? JSONValue(parsing: graph) { add(root) }
    return folders
  }
}

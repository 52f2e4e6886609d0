/// The package of a daemon with stages of its own, which `sluice build` generates: a manifest, a `main`, and a file for each
/// module that takes its stages. Each has a file to itself, since all modules call them alike.
struct DaemonPackage: Sendable {
  /// The product, and its only target.
  static let product = "sluice-with-stages"

  let sluice: PackageSource
  let packages: [StagePackage]

  /// The files, by their paths in the package.
  var files: [(path: String, text: String)] {
    [("Package.swift", Self.manifest(sluice, packages.map(\.source), uses: uses)), (Self.path("Main"), main)]
      + modules.map { (Self.path("Stages+\($0)"), stages(of: $0)) }
  }

  /// A manifest that only names packages, by which they are fetched. It names Sluice too: had from a folder, it takes the
  /// place of what the packages name.
  static func manifest(fetching sources: [PackageSource], for sluice: PackageSource) -> String {
    manifest(sluice, sources, uses: [])
  }

  private var modules: [String] { packages.flatMap(\.libraries).flatMap(\.modules) }

  private var uses: [String] {
    [".product(name: \"Daemon\", package: \"\(sluice.sluiceName)\")"]
      + [".product(name: \"Pipeline\", package: \"\(sluice.sluiceName)\")"]
      + packages.flatMap { package in
        package.libraries.map {
          ".product(name: \(PackageSource.literal($0.name)), package: \(PackageSource.literal(package.source.identity)))"
        }
      }
  }

  private static func path(_ name: String) -> String { "Sources/\(product)/\(name).swift" }

  private static func manifest(_ sluice: PackageSource, _ sources: [PackageSource], uses: [String]) -> String
  {
    let declarations = [sluice.sluiceDeclaration] + sources.map(\.declaration)
    let dependencies = declarations.map { "    \($0),\n" }.joined()
    let targets =
      uses.isEmpty
      ? ""
      : "    .executableTarget(\n      name: \"\(product)\",\n      dependencies: [\n"
        + uses.map { "        \($0),\n" }.joined() + "      ])\n"
    return """
      // swift-tools-version: 6.2
      import PackageDescription

      let package = Package(
        name: "\(product)",
        dependencies: [
      \(dependencies)  ],
        targets: [
      \(targets)  ]
      )

      """
  }

  private var main: String {
    let all = modules.map { " + stagesOf\($0)" }.joined()
    return """
      import Daemon

      @main struct Main {
        static func main() async { await Sluice.main(stages: Sluice.standardStages\(all)) }
      }

      """
  }

  private func stages(of module: String) -> String {
    """
    import \(module)
    import Pipeline

    let stagesOf\(module): [any Stage.Type] = stages

    """
  }
}

// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "WordFilter",
  dependencies: [.package(name: "sluice", path: "../..")],
  targets: [
    .target(name: "WordFilter", dependencies: [.product(name: "Pipeline", package: "sluice")]),
    .executableTarget(
      name: "sluice-with-word-filter",
      dependencies: ["WordFilter", .product(name: "Daemon", package: "sluice")]),
    .testTarget(
      name: "WordFilterTests",
      dependencies: [
        "WordFilter", .product(name: "Pipeline", package: "sluice"),
        .product(name: "PipelineTestKit", package: "sluice"),
      ]),
  ]
)

// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "WordFilter",
  products: [.library(name: "WordFilter", targets: ["WordFilter"])],
  dependencies: [.package(name: "sluice", path: "../..")],
  targets: [
    .target(name: "WordFilter", dependencies: [.product(name: "Pipeline", package: "sluice")]),
    // A daemon that has it, as one writes it by hand; `sluice build` makes the same.
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

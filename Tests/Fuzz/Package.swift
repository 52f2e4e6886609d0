// swift-tools-version: 6.2
import PackageDescription

// Fuzz targets, for libFuzzer: `make fuzz` runs each for a while, see docs/testing.md.
let package = Package(
  name: "fuzz",
  dependencies: [
    .package(name: "sluice", path: "../.."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    .executableTarget(
      name: "fuzz-frames",
      dependencies: [
        .product(name: "Daemon", package: "sluice"), .product(name: "NIOCore", package: "swift-nio"),
      ]),
    .executableTarget(name: "fuzz-events", dependencies: [.product(name: "Pipeline", package: "sluice")]),
    .executableTarget(
      name: "fuzz-tokens",
      dependencies: [
        .product(name: "Stages", package: "sluice"), .product(name: "Pipeline", package: "sluice"),
      ]),
    .executableTarget(
      name: "fuzz-configuration",
      dependencies: [
        .product(name: "Stages", package: "sluice"), .product(name: "Pipeline", package: "sluice"),
      ]),
  ]
)

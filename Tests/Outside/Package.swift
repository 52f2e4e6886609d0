// swift-tools-version: 6.2
import PackageDescription

/// A built-in stage, its source as it stands, built as a third party's would be: it has nothing that others don't.
let package = Package(
  name: "Outside",
  dependencies: [.package(name: "sluice", path: "../..")],
  targets: [
    .target(
      name: "RateLimitOutside",
      dependencies: [
        .product(name: "Pipeline", package: "sluice"), .product(name: "Services", package: "sluice"),
      ]),
    .testTarget(
      name: "OutsideTests",
      dependencies: [
        "RateLimitOutside", .product(name: "Pipeline", package: "sluice"),
        .product(name: "PipelineTestKit", package: "sluice"),
      ]),
  ]
)

// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "LinkPolicy",
  products: [.library(name: "LinkPolicy", targets: ["LinkPolicy"])],
  dependencies: [
    .package(name: "sluice", path: "../.."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    .target(
      name: "LinkPolicy",
      dependencies: [
        .product(name: "Pipeline", package: "sluice"), .product(name: "Services", package: "sluice"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "LinkPolicyTests",
      dependencies: [
        "LinkPolicy", .product(name: "Pipeline", package: "sluice"),
        .product(name: "Services", package: "sluice"),
        .product(name: "PipelineTestKit", package: "sluice"),
      ]),
  ]
)

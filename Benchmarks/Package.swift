// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "sluice", path: ".."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    .executableTarget(
      name: "sluice-benchmarks",
      dependencies: [
        .product(name: "Pipeline", package: "sluice"), .product(name: "Services", package: "sluice"),
        .product(name: "Stages", package: "sluice"), .product(name: "PipelineTestKit", package: "sluice"),
      ]),
    // The limit that the daemon is held against: frames echoed by NIO with nothing in between.
    .executableTarget(
      name: "bare-echo",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ]),
  ]
)

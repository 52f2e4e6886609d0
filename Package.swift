// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "sluice",
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    .library(name: "Daemon", targets: ["Daemon"]),
    .library(name: "Pipeline", targets: ["Pipeline"]),
    .library(name: "Services", targets: ["Services"]),
    .library(name: "Stages", targets: ["Stages"]),
    .library(name: "PipelineTestKit", targets: ["PipelineTestKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    // The chain and its engine: no IO, no other module of ours.
    .target(
      name: "Pipeline",
      dependencies: ["CLibYAML", .product(name: "Logging", package: "swift-log")]),
    // The seams between stages and what they stand on.
    .target(name: "Services", dependencies: ["Pipeline"]),
    // What a stage author tests with: the seams, and what stands behind them in one process.
    .target(
      name: "PipelineTestKit",
      dependencies: [
        "Pipeline", "Services", "MemoryState", "SQLiteStore", .product(name: "Logging", package: "swift-log"),
      ]),

    .target(
      name: "Stages",
      dependencies: [
        "Pipeline", "Services", "COpenSSL", .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "SQLiteStore",
      dependencies: ["Services", "CSQLite", .product(name: "Logging", package: "swift-log")]),
    .target(name: "MemoryState", dependencies: ["Services"]),
    .target(
      name: "PostgresStore",
      dependencies: ["Services", "CLibPQ", .product(name: "Logging", package: "swift-log")]),
    .target(
      name: "RedisState",
      dependencies: [
        "Services", "CHiredis",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .target(
      name: "Daemon",
      dependencies: [
        "Pipeline", "Services", "Stages", "SQLiteStore", "MemoryState", "PostgresStore", "RedisState",
        "COpenSSL",
        "CZlib", "CMemfd",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "sluice", dependencies: ["Daemon"]),
    // Work on the hot path, for Benchmarks/guards.py to count; here and not in the package of the benchmarks, since it
    // drives what the daemon shows to nobody.
    .executableTarget(
      name: "hot-path",
      dependencies: [
        "Daemon", "Pipeline", "Services", "MemoryState",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      path: "Benchmarks/Sources/hot-path"),

    .systemLibrary(
      name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    // Its pkg-config file names flags that packages may not set, and nothing else that is needed.
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    // What the C library has, and Swift's module of it leaves out.
    .systemLibrary(name: "CMemfd"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // The suites that every implementation of a seam must pass, as a library for their tests.
    .target(
      name: "ContractTests", dependencies: ["Pipeline", "Services"], path: "Tests/ContractTests"),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "Services", "PipelineTestKit"]),
    .testTarget(name: "ServicesTests", dependencies: ["Services", "PipelineTestKit"]),
    .testTarget(
      name: "StagesTests",
      dependencies: [
        "Stages", "MemoryState", "SQLiteStore", "PipelineTestKit", "COpenSSL",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["JOSE/Vectors"]),
    .testTarget(
      name: "SQLiteStoreTests",
      dependencies: [
        "SQLiteStore", "ContractTests", "CSQLite", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "MemoryStateTests", dependencies: ["MemoryState", "ContractTests", "PipelineTestKit"]),
    .testTarget(
      name: "PostgresStoreTests",
      dependencies: [
        "PostgresStore", "ContractTests", "CLibPQ", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "RedisStateTests",
      dependencies: [
        "RedisState", "ContractTests", "CHiredis",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // The tree itself: which way imports point.
    .testTarget(name: "TreeTests"),
    .testTarget(
      name: "DaemonTests",
      dependencies: [
        "Daemon", "CMemfd",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ]),
  ]
)

/// The same strict settings for every target: a warning is an error, and imports say what they expose.
for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .treatAllWarnings(as: .error),
    ]
}

// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "AuditLog",
  products: [.library(name: "AuditLog", targets: ["AuditLog"])],
  dependencies: [.package(name: "sluice", path: "../..")],
  targets: [
    .target(
      name: "AuditLog",
      dependencies: [
        "CAuditPQ", .product(name: "Pipeline", package: "sluice"),
        .product(name: "Services", package: "sluice"),
      ]),
    // A stage's own C library: PostgreSQL's. Sluice's module of it is not for others, and has another name.
    .systemLibrary(name: "CAuditPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .testTarget(
      name: "AuditLogTests",
      dependencies: [
        "AuditLog", .product(name: "Pipeline", package: "sluice"),
        .product(name: "Services", package: "sluice"),
        .product(name: "PipelineTestKit", package: "sluice"),
      ]),
  ]
)

/// The package that `sluice stage new` writes: a stage that works, to be changed into the one that is wanted.
struct StageSkeleton: Sendable {
  /// The stage's type, module and package.
  let name: String
  /// Its name in `pipeline.yaml`.
  let stageName: String
  private let sluice: PackageSource

  /// The skeleton of a stage.
  ///
  /// - Throws: `CommandError` where the type can't have this name.
  init(_ name: String, sluice: PackageSource) throws {
    guard name.utf8.allSatisfy({ Self.isLetterOrDigit($0) }), name.count <= 64,
      name.first.map({ $0.isUppercase }) == true
    else { throw CommandError("'\(name)' is no name for a type: write it like WordFilter") }
    guard !Self.taken.contains(name) else {
      throw CommandError("'\(name)' is the name of something else in Sluice or Swift; choose another")
    }
    self.name = name
    self.sluice = sluice
    stageName = Self.stageName(of: name)
  }

  /// The files, by their paths in the package.
  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(name)/\(name).swift", stage),
      ("Sources/\(name)/Stages.swift", list), ("Tests/\(name)Tests/\(name)Tests.swift", test),
      ("pipeline.yaml", chain), ("README.md", readme), (".gitignore", ".build/\n"),
    ]
  }

  /// Modules and types that a package of stages has in sight: a module of such a name would hide them.
  private static let taken: Set<String> = [
    "Pipeline", "Services", "Stages", "Daemon", "PipelineTestKit", "MemoryState", "SQLiteStore",
    "PostgresStore",
    "RedisState", "Logging", "Testing", "Swift", "Foundation", "Glibc", "Synchronization", "Configuration",
    "Stage",
    "Event", "Verdict", "Capability", "Connection", "Identity", "Rejection", "Duration", "String", "Int",
    "Array",
    "EventType", "EventData", "EventFilter", "EventStage", "BatchStage", "AsyncStage", "WorkerStage",
    "DeferringStage", "StageContext", "StageOption", "ConfigurationReport", "TestChain", "StageConformance",
    "SampleEvent", "Main", "Self", "Type", "Protocol", "Any",
  ]

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// `WordFilter` as `word_filter`, `HTTPPolicy` as `http_policy`.
  static func stageName(of type: String) -> String {
    let letters = Array(type)
    var name = ""
    for (index, letter) in letters.enumerated() {
      let beginsWord =
        letter.isUppercase && index > 0
        && (!letters[index - 1].isUppercase
          || index + 1 < letters.count && letters[index + 1].isLowercase)
      name += (beginsWord ? "_" : "") + letter.lowercased()
    }
    return name
  }
}

extension StageSkeleton {
  private var manifest: String {
    let package = PackageSource.literal(sluice.sluiceName)
    return """
      // swift-tools-version: 6.2
      import PackageDescription

      let package = Package(
        name: "\(name)",
        products: [.library(name: "\(name)", targets: ["\(name)"])],
        dependencies: [\(sluice.sluiceDeclaration)],
        targets: [
          .target(
            name: "\(name)",
            dependencies: [
              .product(name: "Pipeline", package: \(package)), .product(name: "Services", package: \(package)),
            ]),
          .testTarget(
            name: "\(name)Tests",
            dependencies: [
              "\(name)", .product(name: "Pipeline", package: \(package)),
              .product(name: "PipelineTestKit", package: \(package)),
            ]),
        ]
      )

      """
  }

  private var stage: String {
    """
    import Pipeline

    /// Refuses messages that are too long.
    public struct \(name): EventStage {
      /// What the entry in `pipeline.yaml` holds; an optional property is an optional key.
      public struct Configuration: Decodable, Sendable {
        var limit: Int?
      }

      public static let name = "\(stageName)"
      public static let summary = "refuses messages that are too long"
      public static let options = [
        StageOption("limit", "number", default: "1000", "the most characters of a message")
      ]
      public static let events: EventFilter = .only(.newMessage)

      let limit: Int

      public static func check(_ configuration: Configuration, _ report: inout ConfigurationReport) {
        if let limit = configuration.limit, limit < 1 { report.error("'limit' is 1 or more", key: "limit") }
      }

      public init(_ configuration: Configuration, _ context: StageContext) {
        limit = configuration.limit ?? 1000
      }

      public func process(_ event: inout Event) -> Verdict {
        let length = event.data.string("content")?.count ?? 0
        return length > limit ? .reject("TOO_LONG", "a message has at most \\(limit) characters") : .continue
      }
    }

    """
  }

  private var list: String {
    """
    import Pipeline

    /// The stages of this package: by this name `sluice build` finds them.
    public let stages: [any Stage.Type] = [\(name).self]

    """
  }

  private var test: String {
    """
    import \(name)
    import Pipeline
    import PipelineTestKit
    import Testing

    @Suite("\(stageName)")
    struct \(name)Tests {
      @Test("refuses what is too long and lets the rest pass")
      func limit() async throws {
        let services = try TestServices()
        let chain = TestChain([try await services.stage(\(name).self, yaml: "limit: 5")])
        #expect(await chain.send(.newMessage, ["content": "hello"]).rejection == nil)
        #expect(await chain.send(.newMessage, ["content": "hello!"]).rejection?.code == "TOO_LONG")
      }

      @Test("keeps to what every stage has to")
      func conforms() async throws {
        let violations = try await StageConformance(
          \(name).self, yaml: "limit: 5",
          events: [SampleEvent(.newMessage, ["content": "hello!"]), SampleEvent(.newMessage)]
        ).violations()
        #expect(violations == [])
      }
    }

    """
  }

  private var chain: String {
    """
    version: 1
    server:
      listen: ${SLUICE_LISTEN:-127.0.0.1:8080}
      admin: ${SLUICE_ADMIN:-127.0.0.1:9090}
    store: ${SLUICE_STORE:-sqlite:var/sluice.db}
    state: ${SLUICE_STATE:-memory:}
    pipeline:
      - stage: auth
        secret_file: ${SLUICE_JWT_SECRET_FILE:-var/jwt.secret}
      - stage: rate_limit
      - stage: \(stageName)
        limit: 1000
      - stage: persist
      - stage: fan_out
      - stage: presence

    """
  }

  private var readme: String {
    """
    # \(name)

    A stage for Sluice: `\(stageName)` in `pipeline.yaml`.

    ```sh
    swift test                                        # try it, with no server
    sluice build --with . -o sluice-\(stageName)        # a daemon that has it
    ./sluice-\(stageName) stages                        # its keys
    ./sluice-\(stageName) serve --config pipeline.yaml
    ```

    | key | |
    | --- | --- |
    | `limit` | the most characters of a message; 1000 |

    """
  }
}

public import Logging

/// What a stage is started with.
public struct StageContext: Sendable {
  /// The stage's name in this chain: its type's name, or the `name` of its entry. State that is to outlive a
  /// reload is kept under it.
  public let name: String
  /// The services it may use.
  public let services: ServiceSet
  /// A logger that carries the stage's name.
  public let logger: Logger
  /// The clock to use, so that tests can set it.
  public let clock: EngineClock

  private let predecessor: (any Stage)?

  /// What a stage named `name` is started with.
  ///
  /// - Parameter predecessor: The stage that has the name in the chain in force, where it is to be replaced.
  public init(
    name: String, services: ServiceSet, logger: Logger, clock: EngineClock = .system,
    predecessor: (any Stage)? = nil
  ) {
    self.name = name
    self.services = services
    self.logger = logger
    self.clock = clock
    self.predecessor = predecessor
  }

  /// The stage of the same type and name in the chain in force, at a reload that replaces it: for what it holds that can't
  /// live in a service.
  public func predecessor<Kind: Stage>(as type: Kind.Type) -> Kind? { predecessor as? Kind }

  /// The service under `key`.
  ///
  /// - Throws: ``StageStartError`` where this process has no such service.
  public func require<Key: ServiceKey>(_ key: Key.Type) throws -> Key.Service {
    guard let service = services[key] else {
      throw StageStartError(
        "stage '\(name)' needs the service \(Key.Service.self), which this process does not have")
    }
    return service
  }
}

/// Why a stage could not be started, in words for the operator.
public struct StageStartError: Error, Sendable, CustomStringConvertible {
  /// What is wrong and what to do about it.
  public let description: String

  /// A fault with its description.
  public init(_ description: String) { self.description = description }
}

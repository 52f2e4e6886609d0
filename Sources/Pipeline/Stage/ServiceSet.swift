/// Names a service that stages may ask for.
public protocol ServiceKey {
  /// The service's type, most often a protocol.
  associatedtype Service: Sendable
}

/// The services that a stage is started with, by typed key: the core knows none of them.
public struct ServiceSet: Sendable {
  private var services: [ObjectIdentifier: any Sendable] = [:]

  /// No services.
  public init() {}

  /// The service under `key`, where there is one.
  public subscript<Key: ServiceKey>(key: Key.Type) -> Key.Service? {
    get { services[ObjectIdentifier(key)] as? Key.Service }
    set { services[ObjectIdentifier(key)] = newValue }
  }
}

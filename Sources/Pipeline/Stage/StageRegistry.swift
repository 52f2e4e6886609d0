/// The stages that a chain may be made of, by name.
public struct StageRegistry: Sendable {
  /// The types, in the order in which `sluice stages` lists them.
  public let types: [any Stage.Type]

  /// A registry of these types; of two with one name the later counts.
  public init(_ types: [any Stage.Type]) {
    var unique: [any Stage.Type] = []
    for type in types {
      unique.removeAll { $0.name == type.name }
      unique.append(type)
    }
    self.types = unique
  }

  /// The type named `name`, where there is one.
  public subscript(name: String) -> (any Stage.Type)? { types.first { $0.name == name } }

  /// All names, for a suggestion where one is not known.
  public var names: [String] { types.map { $0.name } }
}

/// Describes the stages of a registry, for `sluice stages`.
public struct StageCatalogue: Sendable {
  private let registry: StageRegistry

  /// A catalogue of these stages.
  public init(_ registry: StageRegistry) { self.registry = registry }

  /// One paragraph a stage.
  public var text: String { registry.types.map { describe($0) }.joined(separator: "\n") }

  private func describe<Kind: Stage>(_ type: Kind.Type) -> String {
    var text = Kind.name + (Kind.summary.isEmpty ? "" : ": \(Kind.summary)") + "\n"
    let options = Kind.options
    let described = options.map { option in
      (option.key + ": " + option.type, option.meaning + (option.defaultValue.map { " (\($0))" } ?? ""))
    }
    let bare = ConfigurationDecoder.keys(of: Kind.Configuration.self)
      .filter { key in !options.contains { $0.key == key } }.map { ($0, "") }
    let width = (described + bare).map(\.0.count).max() ?? 0
    for (key, meaning) in described + bare {
      let padding = String(repeating: " ", count: width - key.count)
      text += meaning.isEmpty ? "    \(key)\n" : "    \(key)\(padding)  \(meaning)\n"
    }
    text += "    on_error: \(Kind.onError.rawValue), timeout: \(Kind.timeout)\n"
    var faults: [Fault] = []
    let configuration = ConfigurationDecoder.decode(
      Kind.Configuration.self, from: .nothing, context: "", &faults)
    if let configuration, faults.isEmpty {
      let requirements = Kind.requirements(configuration)
      if !requirements.needs.isEmpty {
        text += "    needs: " + requirements.needs.map(\.rawValue).joined(separator: ", ") + "\n"
      }
      if !requirements.gives.isEmpty {
        text += "    gives: " + requirements.gives.map(\.rawValue).joined(separator: ", ") + "\n"
      }
    }
    return text
  }
}

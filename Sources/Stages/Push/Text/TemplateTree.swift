import Pipeline

/// JSON whose texts are templates.
indirect enum TemplateTree: Sendable, Equatable {
  case text(PushTemplate)
  case object([String: TemplateTree])
  case array([TemplateTree])
  case other(JSONValue)

  /// Reads a tree.
  ///
  /// - Throws: the first fault of a template in it.
  init(_ value: JSONValue) throws(PushTemplate.Fault) {
    switch value {
    case .string(let text): self = .text(try PushTemplate(text))
    case .object(let members):
      var trees: [String: TemplateTree] = [:]
      for (key, member) in members { trees[key] = try TemplateTree(member) }
      self = .object(trees)
    case .array(let elements):
      var trees: [TemplateTree] = []
      for element in elements { trees.append(try TemplateTree(element)) }
      self = .array(trees)
    default: self = .other(value)
    }
  }

  /// The places that its templates have.
  var places: Set<PushTemplate.Place> {
    switch self {
    case .text(let template): template.places
    case .object(let members): members.values.reduce(into: []) { $0.formUnion($1.places) }
    case .array(let elements): elements.reduce(into: []) { $0.formUnion($1.places) }
    case .other: []
    }
  }

  /// The JSON with all templates filled.
  func fill(_ values: PushValues) -> JSONValue {
    switch self {
    case .text(let template): .string(template.fill(values.value))
    case .object(let members): .object(members.mapValues { $0.fill(values) })
    case .array(let elements): .array(elements.map { $0.fill(values) })
    case .other(let value): value
    }
  }
}

extension JSONValue {
  /// This object with the members of another, which go before; objects that both have are merged likewise.
  func merged(with other: JSONValue) -> JSONValue {
    guard case .object(let own) = self, case .object(let others) = other else { return other }
    return .object(own.merging(others) { $0.merged(with: $1) })
  }
}

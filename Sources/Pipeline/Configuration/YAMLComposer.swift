import CLibYAML

/// Puts the events of libyaml together to nodes with marks.
///
/// What makes a file hard to read or dangerous is refused: aliases, tags, several documents, keys that are no plain
/// names, keys that stand twice.
enum YAMLComposer {
  private static let sizeLimit = 1 << 20
  private static let depthLimit = 32

  /// The node that a file is.
  ///
  /// - Throws: the first ``Fault`` that keeps the file from being read.
  static func compose(_ source: [UInt8]) throws(Fault) -> YAMLNode {
    let start = Mark(line: 1, column: 1)
    guard source.count <= sizeLimit else { throw Fault(start, "the file is over 1 MiB") }
    guard source.withUnsafeBufferPointer(UTF8Check.isValid) else {
      throw Fault(start, "the file is not UTF-8")
    }
    let composed = source.withUnsafeBufferPointer { buffer -> Result<YAMLNode, Fault> in
      Result { () throws(Fault) in
        let reader = try Reader(buffer)
        defer { reader.end() }
        return try reader.document()
      }
    }
    return try composed.get()
  }

  private struct Reader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    init(_ source: UnsafeBufferPointer<UInt8>) throws(Fault) {
      parser = .allocate(capacity: 1)
      guard yaml_parser_initialize(parser) != 0 else {
        parser.deallocate()
        throw Fault(Mark(line: 1, column: 1), "the YAML parser has no memory")
      }
      yaml_parser_set_input_string(parser, source.baseAddress, source.count)
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    func end() {
      yaml_parser_delete(parser)
      parser.deallocate()
    }

    private enum Event {
      case scalar(String, isPlain: Bool)
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd, documentStart, documentEnd, streamEnd, other
    }

    private func next() throws(Fault) -> (event: Event, mark: Mark) {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) != 0 else { throw syntaxFault() }
      defer { yaml_event_delete(&event) }
      let mark = Mark(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
      switch event.type {
      case YAML_SCALAR_EVENT:
        let scalar = event.data.scalar
        if scalar.anchor != nil {
          throw Fault(mark, "anchors and aliases are not supported; write the value out")
        }
        if scalar.tag != nil { throw Fault(mark, "tags are not supported") }
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return (
          .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
          mark
        )
      case YAML_SEQUENCE_START_EVENT:
        try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, mark)
        return (.sequenceStart, mark)
      case YAML_MAPPING_START_EVENT:
        try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, mark)
        return (.mappingStart, mark)
      case YAML_ALIAS_EVENT: throw Fault(mark, "anchors and aliases are not supported; write the value out")
      case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark)
      case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark)
      case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark)
      case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
      case YAML_STREAM_END_EVENT: return (.streamEnd, mark)
      default: return (.other, mark)
      }
    }

    private func refuse(
      anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, _ mark: Mark
    ) throws(Fault) {
      if anchor != nil { throw Fault(mark, "anchors and aliases are not supported; write the value out") }
      if tag != nil { throw Fault(mark, "tags are not supported") }
    }

    private func syntaxFault() -> Fault {
      let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the file can't be read"
      let mark = Mark(
        line: Int(parser.pointee.problem_mark.line) + 1, column: Int(parser.pointee.problem_mark.column) + 1)
      if problem.contains("cannot start any token") || problem.contains("tab") {
        return Fault(
          mark, "YAML: \(problem); indent by spaces, not by tabs, and quote values that begin with a sign")
      }
      return Fault(mark, "YAML: \(problem)")
    }

    func document() throws(Fault) -> YAMLNode {
      while true {
        let (event, mark) = try next()
        switch event {
        case .streamEnd: throw Fault(Mark(line: 1, column: 1), "the file is empty")
        case .documentStart:
          let first = try next()
          let node = try node(first.event, first.mark, depth: 0)
          _ = try next()
          let (after, place) = try next()
          guard case .streamEnd = after else { throw Fault(place, "one document a file is supported") }
          if node.isNull { throw Fault(Mark(line: 1, column: 1), "the file is empty") }
          return node
        case .other: continue
        default: throw Fault(mark, "the file does not begin with a value")
        }
      }
    }

    private func node(_ event: Event, _ mark: Mark, depth: Int) throws(Fault) -> YAMLNode {
      if depth > YAMLComposer.depthLimit {
        throw Fault(mark, "nested more than \(YAMLComposer.depthLimit) deep")
      }
      switch event {
      case .scalar(let text, let isPlain):
        if text.utf8.contains(0) { throw Fault(mark, "a value holds NUL") }
        return YAMLNode(value: .scalar(text, isPlain: isPlain), mark: mark)
      case .sequenceStart:
        var items: [YAMLNode] = []
        while true {
          let (event, place) = try next()
          if case .sequenceEnd = event { return YAMLNode(value: .sequence(items), mark: mark) }
          items.append(try node(event, place, depth: depth + 1))
        }
      case .mappingStart: return YAMLNode(value: .mapping(try entries(depth)), mark: mark)
      default: throw Fault(mark, "a value was expected")
      }
    }

    private func entries(_ depth: Int) throws(Fault) -> [YAMLNode.Entry] {
      var entries: [YAMLNode.Entry] = []
      while true {
        let (event, mark) = try next()
        if case .mappingEnd = event { return entries }
        guard case .scalar(let key, _) = event else { throw Fault(mark, "a key is a name") }
        if entries.contains(where: { $0.key == key }) { throw Fault(mark, "the key '\(key)' stands twice") }
        let (value, place) = try next()
        entries.append(
          YAMLNode.Entry(key: key, keyMark: mark, value: try node(value, place, depth: depth + 1)))
      }
    }
  }
}

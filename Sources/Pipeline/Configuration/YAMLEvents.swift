import CLibYAML

/// The events of libyaml for a file, one after the other, as values of Swift.
struct YAMLEvents {
  enum Kind: Equatable {
    case scalar(String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd, alias, documentStart, documentEnd, streamEnd,
      other
  }

  struct Event {
    let kind: Kind
    let mark: Mark
    var hasAnchor = false
    var hasTag = false
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let source: UnsafeBufferPointer<UInt8>

  /// Begins with a file, whose bytes have to stay where they are until ``end()``.
  init(_ source: UnsafeBufferPointer<UInt8>) throws(Fault) {
    self.source = source
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) != 0 else {
      parser.deallocate()
      throw Fault(Mark(line: 1, column: 1), "the YAML parser has no memory")
    }
    yaml_parser_set_input_string(parser, source.baseAddress, source.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
  }

  /// Frees what the parser holds.
  func end() {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The next event.
  ///
  /// - Throws: what is wrong with the file, after which there are no more events.
  func next() throws(Fault) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) != 0 else { throw syntaxFault }
    defer { yaml_event_delete(&event) }
    let mark = Mark(event.start_mark)
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return Event(
        kind: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), mark: mark,
        hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return Event(
        kind: .sequenceStart, mark: mark, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return Event(kind: .mappingStart, mark: mark, hasAnchor: start.anchor != nil, hasTag: start.tag != nil)
    case YAML_ALIAS_EVENT: return Event(kind: .alias, mark: mark)
    case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, mark: mark)
    case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, mark: mark)
    case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, mark: mark)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, mark: mark)
    case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, mark: mark)
    default: return Event(kind: .other, mark: mark)
    }
  }

  private var syntaxFault: Fault {
    let parser = parser.pointee
    let problem = parser.problem.map { String(cString: $0) } ?? "the file can't be read"
    // Of what can't be a character the parser tells the byte, not the place.
    if parser.error == YAML_READER_ERROR {
      return Fault(Mark(of: parser.problem_offset, in: source), "YAML: \(problem)")
    }
    let mark = Mark(parser.problem_mark)
    if problem.contains("cannot start any token") {
      let character = Self.character(at: mark, in: source)
      let message =
        character == "\t"
        ? "a tab can't indent; use spaces" : "a value can't begin with '\(character)'; quote it"
      return Fault(mark, "YAML: \(message)")
    }
    var message = "YAML: \(problem)"
    if let context = parser.context {
      message += " \(String(cString: context)) (line \(parser.context_mark.line + 1))"
    }
    if problem.contains("mapping values are not allowed") {
      message += "; look at the indentation, and quote values that hold ': '"
    }
    return Fault(mark, message)
  }

  private static func character(at mark: Mark, in source: UnsafeBufferPointer<UInt8>) -> String {
    let lines = Substring(String(decoding: source, as: UTF8.self))
      .split(omittingEmptySubsequences: false) { FaultReport.lineBreaks.contains($0) }
    guard lines.indices.contains(mark.line - 1) else { return "" }
    return String(lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1).prefix(1))
  }
}

extension Mark {
  fileprivate init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }

  /// The place of a byte, the bytes before it being UTF-8.
  init(of offset: Int, in source: UnsafeBufferPointer<UInt8>) {
    let before = Substring(String(decoding: source.prefix(offset), as: UTF8.self))
    let lines = before.split(omittingEmptySubsequences: false) { FaultReport.lineBreaks.contains($0) }
    self.init(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
  }
}

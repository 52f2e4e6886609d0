/// Puts the events of libyaml together to nodes with marks.
///
/// What makes a file hard to read or dangerous is refused: aliases, tags, several documents, keys that are no plain
/// names, keys that stand twice. What stands beside it is read all the same, so that all of it is told at once.
struct YAMLComposer {
  private static let sizeLimit = 1 << 20
  private static let depthLimit = 32

  private var events: YAMLEvents
  private var refused: [Fault] = []

  private init(_ events: YAMLEvents) { self.events = events }

  /// The node that a file is; what is refused in it is added to `faults`.
  ///
  /// - Throws: the ``Fault`` that keeps the rest of the file from being read.
  static func compose(_ source: [UInt8], _ faults: inout [Fault]) throws(Fault) -> YAMLNode {
    let start = Mark(line: 1, column: 1)
    guard source.count <= sizeLimit else { throw Fault(start, "the file is over 1 MiB") }
    let source = withoutByteOrderMark(source)
    let (composed, refused) = source.withUnsafeBufferPointer { buffer -> (Result<YAMLNode, Fault>, [Fault]) in
      let valid = UTF8Check.validPrefix(of: buffer)
      guard valid == buffer.count else {
        return (.failure(Fault(Mark(of: valid, in: buffer), "the file is not UTF-8 from here on")), [])
      }
      do throws(Fault) {
        let events = try YAMLEvents(buffer)
        defer { events.end() }
        var composer = YAMLComposer(events)
        let composed = Result { () throws(Fault) in try composer.document() }
        return (composed, composer.refused)
      } catch {
        return (.failure(error), [])
      }
    }
    faults += refused
    return try composed.get()
  }

  /// A file without the mark that some editors put before the first line, where it has no column.
  static func withoutByteOrderMark(_ source: [UInt8]) -> [UInt8] {
    source.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(source.dropFirst(3)) : source
  }

  private mutating func document() throws(Fault) -> YAMLNode {
    let empty = Fault(Mark(line: 1, column: 1), "the file is empty")
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: throw empty
      case .documentStart:
        let node = try node(try events.next(), depth: 0)
        _ = try events.next()
        let after = try events.next()
        if after.kind != .streamEnd { refuse(after.mark, "a file holds one document; this is a second") }
        if node.isNull, refused.isEmpty { throw empty }
        return node
      case .other: continue
      default: throw Fault(event.mark, "the file does not begin with a value")
      }
    }
  }

  private mutating func refuse(_ mark: Mark, _ message: String) { refused.append(Fault(mark, message)) }

  private mutating func node(_ event: YAMLEvents.Event, depth: Int) throws(Fault) -> YAMLNode {
    let mark = event.mark
    if depth > Self.depthLimit { throw Fault(mark, "nested more than \(Self.depthLimit) deep") }
    if event.hasAnchor { refuse(mark, "anchors and aliases are not supported; write the value out") }
    if event.hasTag { refuse(mark, "tags are not supported; a value is what its key wants") }
    switch event.kind {
    case .scalar(let text, let isPlain):
      if text.utf8.contains(0) { refused.append(.unreadable(mark, "a value holds NUL")) }
      return YAMLNode(value: .scalar(text, isPlain: isPlain), mark: mark)
    case .alias:
      refused.append(.unreadable(mark, "anchors and aliases are not supported; write the value out"))
      return YAMLNode(value: .scalar("", isPlain: true), mark: mark)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let next = try events.next()
        if next.kind == .sequenceEnd { return YAMLNode(value: .sequence(items), mark: mark) }
        items.append(try node(next, depth: depth + 1))
      }
    case .mappingStart: return YAMLNode(value: .mapping(try entries(depth)), mark: mark)
    default: throw Fault(mark, "a value was expected")
    }
  }

  private mutating func entries(_ depth: Int) throws(Fault) -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var lines: [String: Int] = [:]
    while true {
      let event = try events.next()
      if event.kind == .mappingEnd { return entries }
      guard case .scalar(let key, _) = event.kind else {
        refuse(event.mark, "a key is a name; quote what begins with a sign")
        _ = try node(event, depth: depth + 1)
        _ = try node(try events.next(), depth: depth + 1)
        continue
      }
      let value = try node(try events.next(), depth: depth + 1)
      if key == "<<" {
        refuse(event.mark, "mappings are not merged; write the keys out")
      } else if let line = lines[key] {
        refuse(event.mark, "the key '\(key)' stands twice; the first is in line \(line)")
      } else {
        lines[key] = event.mark.line
        entries.append(YAMLNode.Entry(key: key, keyMark: event.mark, value: value))
      }
    }
  }
}

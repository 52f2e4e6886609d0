import Pipeline
import Services

/// The marks up to which it is decided on pushes.
extension ChangeSet {
  /// Writes a node's mark, and drops jobs that have become too old.
  func decided(_ marking: PushMarking) throws(StoreError) -> WriteResult {
    guard !marking.service.utf8.contains(0) else { return .refused(.nul) }
    let service = SQLiteValue.text(marking.service)
    try connection.run(
      """
      INSERT INTO push_node_marks (service, node, decided, written) VALUES (?, ?, ?, ?)
        ON CONFLICT (service, node) DO UPDATE
          SET decided = max(decided, excluded.decided), written = excluded.written, taker = NULL
      """,
      [
        service, .integer(marking.mark.node.rawValue), .integer(marking.mark.decided.rawValue),
        .integer(now.milliseconds),
      ])
    for node in marking.holding {
      try connection.run(
        "UPDATE push_node_marks SET written = ? WHERE service = ? AND node = ? AND taker = ?",
        [.integer(now.milliseconds), service, .integer(node.rawValue), .integer(marking.mark.node.rawValue)])
    }
    try connection.run(
      """
      DELETE FROM push_settled WHERE service = ?1
        AND message < (SELECT min(decided) FROM push_node_marks WHERE service = ?1)
      """, [service])
    try dropPushes(of: marking.service, before: marking.oldest)
    return .done
  }

  /// Gives a node the marks of others that were not renewed for so long.
  func takeMarks(of service: String, by node: NodeID, _ age: Duration) throws(StoreError) -> WriteResult {
    guard !service.utf8.contains(0) else { return .refused(.nul) }
    var marks: [PushMark] = []
    try connection.rows(
      """
      SELECT node, decided FROM push_node_marks WHERE service = ? AND node != ? AND written <= ? ORDER BY decided
      """,
      [.text(service), .integer(node.rawValue), .integer((now + (.zero - age)).milliseconds)]
    ) { row in
      marks.append(
        PushMark(
          of: NodeID(rawValue: UInt64(row.integer(0))),
          decided: MessageID(rawValue: UInt64(row.integer(1)))))
    }
    for mark in marks {
      try connection.run(
        "UPDATE push_node_marks SET taker = ?, written = ? WHERE service = ? AND node = ?",
        [
          .integer(node.rawValue), .integer(now.milliseconds), .text(service),
          .integer(mark.node.rawValue),
        ])
    }
    return .marks(marks)
  }

  /// Ends marks that are a node's own or taken over by it.
  func endMarks(
    of service: String, _ nodes: [NodeID], by node: NodeID, _ end: PushMarkEnd
  ) throws(StoreError) -> WriteResult {
    guard !service.utf8.contains(0) else { return .refused(.nul) }
    let change =
      switch end {
      case .decided: "DELETE FROM push_node_marks"
      case .left: "UPDATE push_node_marks SET written = 0"
      }
    for mark in nodes {
      try connection.run(
        "\(change) WHERE service = ?1 AND node = ?2 AND coalesce(taker, node) = ?3",
        [.text(service), .integer(mark.rawValue), .integer(node.rawValue)])
    }
    return .done
  }
}

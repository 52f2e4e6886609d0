import Pipeline
import Services

/// The marks up to which nodes have decided on pushes: written, taken over and ended.
enum PushMarkStep {
  static func statement(_ marking: PushMarking) -> PostgresStatement {
    PostgresStatement(
      "SELECT mark_pushes($1, $2, $3, $4, $5)",
      [
        .text(marking.service), .integer(marking.mark.node.rawValue),
        .integer(marking.mark.decided.rawValue), nodes(marking.holding), .integer(marking.oldest.rawValue),
      ])
  }

  static func take(_ service: String, _ node: NodeID, _ age: Duration) -> PostgresStatement {
    PostgresStatement(
      "SELECT * FROM take_push_marks($1, $2, $3)",
      [.text(service), .integer(node.rawValue), .integer(age.wholeNanoseconds / 1_000_000)])
  }

  static func marks(_ result: PostgresResult) -> [PushMark] {
    result.rows.map {
      PushMark(
        of: NodeID(rawValue: UInt64(result.integer($0, 0))),
        decided: MessageID(rawValue: UInt64(bitPattern: result.integer($0, 1))))
    }
  }

  static func end(
    _ service: String, _ marks: [NodeID], by node: NodeID, _ end: PushMarkEnd
  ) -> PostgresStatement {
    let values: [PostgresValue] = [.text(service), nodes(marks), .integer(node.rawValue)]
    switch end {
    case .decided:
      return PostgresStatement(
        """
        DELETE FROM push_node_marks
          WHERE service = $1 AND node = ANY ($2) AND coalesce(taker, node) = $3
        """, values)
    case .left:
      return PostgresStatement(
        """
        UPDATE push_node_marks SET written = 0
          WHERE service = $1 AND node = ANY ($2) AND coalesce(taker, node) = $3
        """, values)
    }
  }

  private static func nodes(_ nodes: [NodeID]) -> PostgresValue {
    .integers(nodes.map { Int64($0.rawValue) })
  }
}

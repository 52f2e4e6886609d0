import Logging

/// The number that a node has among those of one store, so that message ids of two nodes differ: held by an advisory
/// lock, which lasts as long as the connection.
enum NodeNumber {
  /// Takes the lowest that is free.
  ///
  /// - Throws: ``PostgresError`` where 1,024 nodes are connected.
  static func take(_ connection: PostgresConnection) throws(PostgresError) -> UInt16 {
    for number in 0..<1024 where try lock(number, connection) { return UInt16(number) }
    throw PostgresError("1,024 nodes use this database, which is all that can")
  }

  /// Takes a number again after its connection was lost. Where another node has it meanwhile, ids of both may be the
  /// same: the store then refuses the second, whose sender sends it again.
  static func retake(_ number: UInt16, _ connection: PostgresConnection, _ logger: Logger)
    throws(PostgresError)
  {
    if try !lock(Int(number), connection) {
      logger.warning(
        "another node has taken this node's number; restart to take a free one",
        metadata: ["number": "\(number)"])
    }
  }

  private static func lock(_ number: Int, _ connection: PostgresConnection) throws(PostgresError) -> Bool {
    // "node" in ASCII sets these locks apart from those of other programs.
    try connection.run([
      PostgresStatement("SELECT pg_try_advisory_lock(1852793957, $1::bigint::int)", [.integer(Int64(number))])
    ])[0].bool(0, 0)
  }
}

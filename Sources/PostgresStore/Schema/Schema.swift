import Services

/// The tables of a database: brought up to date when a node opens it, by one node at a time.
enum Schema {
  /// What tells a store from others.
  struct Identity {
    let epoch: UInt64
    /// The feed begins behind this position.
    let oldest: Position
  }

  /// The server that this version needs: pipelines of libpq do with any, the SQL needs this.
  private static let oldestServer = 150_000

  /// How many steps a database has been through; zero where it has no store yet.
  static func version(of connection: PostgresConnection) throws(PostgresError) -> Int {
    let exists = try connection.run([PostgresStatement("SELECT to_regclass('sluice.meta') IS NOT NULL")])[0]
    guard exists.bool(0, 0) else { return 0 }
    let result = try connection.run([PostgresStatement("SELECT schema_version FROM sluice.meta")])[0]
    return result.rows.isEmpty ? 0 : Int(result.integer(0, 0))
  }

  /// Brings a database up to date, where it is not, and finds out what has become of its server.
  ///
  /// - Throws: ``PostgresError`` where it can't be used by this daemon.
  static func prepare(_ connection: PostgresConnection) throws(PostgresError) -> Identity {
    try check(connection)
    if try !isCurrent(connection) { try migrate(connection) }
    try follow(connection)
    let meta = try connection.run([PostgresStatement("SELECT epoch, oldest_position FROM meta")])[0]
    return Identity(
      epoch: UInt64(bitPattern: meta.integer(0, 0)), oldest: UInt64(bitPattern: meta.integer(0, 1)))
  }

  /// Finds out whether ``prepare(_:)`` would do, as far as that can be told without changing anything.
  static func check(_ connection: PostgresConnection) throws(PostgresError) {
    try checkServer(connection)
    guard try !isCurrent(connection) else { return }
    let rights = try connection.run([
      PostgresStatement(
        """
        SELECT CASE WHEN to_regnamespace('sluice') IS NULL
          THEN has_database_privilege(current_database(), 'CREATE')
          ELSE has_schema_privilege('sluice', 'CREATE') END
        """)
    ])[0]
    guard rights.bool(0, 0) else {
      throw PostgresError("this user may not make tables: GRANT CREATE ON DATABASE … TO …")
    }
  }

  private static func checkServer(_ connection: PostgresConnection) throws(PostgresError) {
    guard connection.serverVersion >= oldestServer else {
      throw PostgresError(
        "version 15 or newer is needed, this server is \(connection.serverVersion / 10_000)")
    }
    let standby = try connection.run([PostgresStatement("SELECT pg_is_in_recovery()")])[0]
    guard !standby.bool(0, 0) else {
      throw PostgresError(
        "this server is a standby: name the primary, or add target_session_attrs=read-write")
    }
  }

  private static func isCurrent(_ connection: PostgresConnection) throws(PostgresError) -> Bool {
    let version = try version(of: connection)
    guard version > 0 else { return false }
    let needs = try connection.run([PostgresStatement("SELECT schema_needs FROM sluice.meta")])[0].integer(
      0, 0)
    guard needs <= Migrations.newest else {
      throw PostgresError(
        "the database has schema \(version), which needs a daemon that knows schema \(needs); this one knows"
          + " \(Migrations.newest): run a newer daemon")
    }
    return version >= Migrations.newest
  }

  /// Takes the steps that are missing, each a transaction of its own, while every other node waits.
  private static func migrate(_ connection: PostgresConnection) throws(PostgresError) {
    try connection.execute("SET lock_timeout = '10min'")
    _ = try connection.run([lock("pg_advisory_lock")])
    var fault: PostgresError?
    do throws(PostgresError) {
      let version = try version(of: connection)
      if version == 0 { try connection.execute("CREATE SCHEMA IF NOT EXISTS sluice") }
      for (index, step) in Migrations.steps.enumerated().dropFirst(version) {
        let note =
          index == 0
          ? firstRow
          : "UPDATE meta SET schema_version = \(index + 1), schema_needs = greatest(schema_needs, \(step.needs));"
        try connection.execute("BEGIN; \(step.sql); \(note) COMMIT;")
      }
    } catch {
      fault = error
      try? connection.execute("ROLLBACK")
    }
    _ = try? connection.run([lock("pg_advisory_unlock")])
    try? connection.execute("RESET lock_timeout")
    if let fault { throw fault }
  }

  private static func lock(_ function: String) -> PostgresStatement {
    function == "pg_advisory_lock"
      ? PostgresStatement("SELECT pg_advisory_lock(hashtextextended('sluice schema', 0))")
      : PostgresStatement("SELECT pg_advisory_unlock(hashtextextended('sluice schema', 0))")
  }

  private static let firstRow = """
    INSERT INTO meta (schema_version, schema_needs, epoch, cluster, timeline)
      SELECT 1, 1, (random() * 9007199254740991)::bigint, system_identifier,
          ('x' || substring(pg_walfile_name(pg_current_wal_lsn()) FROM 1 FOR 8))::bit(32)::bigint
        FROM pg_control_system();
    """

  /// Lifts the feed's positions where the server is not what it was: a standby that was promoted may count from lower
  /// numbers than were given out, and so may a database that was restored somewhere else, whose cursors are void.
  private static func follow(_ connection: PostgresConnection) throws(PostgresError) {
    _ = try connection.run([
      PostgresStatement(
        """
        WITH now AS (
          SELECT system_identifier AS cluster,
              ('x' || substring(pg_walfile_name(pg_current_wal_lsn()) FROM 1 FOR 8))::bit(32)::bigint AS timeline
            FROM pg_control_system()
        )
        UPDATE meta SET cluster = now.cluster, timeline = now.timeline,
            epoch = CASE WHEN meta.cluster = now.cluster THEN meta.epoch
              ELSE (random() * 9007199254740991)::bigint END,
            transaction_offset = CASE WHEN meta.cluster = now.cluster THEN transaction_offset + (1 << 28)
              ELSE greatest(0, (SELECT coalesce(max(position) >> 20, 0) FROM messages)
                - pg_snapshot_xmin(pg_current_snapshot())::text::bigint) + (1 << 28) END
          FROM now WHERE meta.cluster <> now.cluster OR meta.timeline <> now.timeline
        """)
    ])
  }
}

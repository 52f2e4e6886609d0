import Services

/// The tables, as numbered steps. A step once released never changes; what comes later is a step of its own.
enum Schema {
  static let steps = [
    """
    -- One row: what tells this store from others, and how far its feed goes.
    CREATE TABLE meta (epoch INTEGER NOT NULL, position INTEGER NOT NULL);
    INSERT INTO meta (epoch, position) VALUES (random() & 0x7fffffffffffffff, 0);

    CREATE TABLE users (
      id TEXT PRIMARY KEY,
      name TEXT,
      created INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE conversations (
      id INTEGER PRIMARY KEY,
      low TEXT NOT NULL,
      high TEXT NOT NULL,
      UNIQUE (low, high)
    );

    -- What each side of a conversation sees of it.
    CREATE TABLE members (
      user TEXT NOT NULL,
      peer TEXT NOT NULL,
      conversation INTEGER NOT NULL,
      last_message INTEGER NOT NULL,
      unread INTEGER NOT NULL DEFAULT 0,
      read_up_to INTEGER,
      PRIMARY KEY (user, peer)
    ) WITHOUT ROWID;
    CREATE INDEX members_newest ON members (user, last_message);

    -- The id tells when the message was sent; position is the place of its latest change in the feed.
    CREATE TABLE messages (
      id INTEGER PRIMARY KEY,
      conversation INTEGER NOT NULL,
      sender TEXT NOT NULL,
      receiver TEXT NOT NULL,
      content TEXT NOT NULL,
      metadata TEXT,
      reply_to INTEGER,
      position INTEGER NOT NULL,
      version INTEGER NOT NULL DEFAULT 1,
      delivered_at INTEGER,
      read_at INTEGER,
      edited_at INTEGER,
      deleted_at INTEGER
    );
    CREATE INDEX messages_sent ON messages (sender, position);
    CREATE INDEX messages_received ON messages (receiver, position);
    CREATE INDEX messages_in_conversation ON messages (conversation, id);

    -- The last word on sending again; kept apart, so that it outlives no longer than its retention.
    CREATE TABLE send_keys (
      message INTEGER PRIMARY KEY,
      sender TEXT NOT NULL,
      temp_id TEXT NOT NULL,
      digest INTEGER NOT NULL,
      UNIQUE (sender, temp_id)
    );

    -- Up to where the feed had come at a moment: lets a sync begin at a time. Both rise together.
    CREATE TABLE moments (
      position INTEGER PRIMARY KEY,
      at INTEGER NOT NULL
    );
    CREATE INDEX moments_by_time ON moments (at);
    """,
    """
    -- The name that a user has chosen wins over those of tokens.
    ALTER TABLE users ADD COLUMN own_name TEXT;
    -- Tokens that were made before this moment are not good.
    ALTER TABLE users ADD COLUMN tokens_not_before INTEGER;

    -- A connection, one row for each side of it: outgoing or incoming while it is pending.
    CREATE TABLE links (
      user TEXT NOT NULL,
      peer TEXT NOT NULL,
      accepted INTEGER NOT NULL DEFAULT 0,
      outgoing INTEGER NOT NULL,
      since INTEGER NOT NULL,
      PRIMARY KEY (user, peer)
    ) WITHOUT ROWID;

    CREATE TABLE blocks (
      user TEXT NOT NULL,
      peer TEXT NOT NULL,
      since INTEGER NOT NULL,
      PRIMARY KEY (user, peer)
    ) WITHOUT ROWID;

    CREATE TABLE devices (
      token TEXT PRIMARY KEY,
      user TEXT NOT NULL,
      platform TEXT,
      since INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX devices_of_user ON devices (user);

    -- What was deleted and still has its content: it is blanked for readers, and purged later.
    CREATE INDEX messages_to_purge ON messages (deleted_at) WHERE deleted_at IS NOT NULL AND content != '';
    """,
    """
    -- Messages whose receiver's phone is to ring. The mark tells from which message on that is not decided yet.
    ALTER TABLE meta ADD COLUMN pushes_decided INTEGER;
    CREATE TABLE pushes (
      message INTEGER PRIMARY KEY,
      receiver TEXT NOT NULL,
      due INTEGER NOT NULL
    );
    CREATE INDEX pushes_of_receiver ON pushes (receiver);
    """,
    """
    -- Events that a stage has failed on. A number is never given again, so that nobody drops another letter than they
    -- saw. The data is last: what stands before it is read without it.
    CREATE TABLE dead_letters (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      type TEXT NOT NULL,
      user TEXT,
      user_name TEXT,
      is_backend INTEGER NOT NULL,
      scopes TEXT NOT NULL,
      stage TEXT NOT NULL,
      error TEXT NOT NULL,
      revision INTEGER NOT NULL,
      node TEXT NOT NULL,
      stored INTEGER NOT NULL,
      message INTEGER,
      data BLOB NOT NULL
    );
    CREATE INDEX dead_letters_by_time ON dead_letters (at);
    CREATE INDEX dead_letters_of_user ON dead_letters (user) WHERE user IS NOT NULL;
    """,
    """
    -- What is to be pushed, in lanes: all that goes from one service to one device (or user: then the token is empty)
    -- about one conversation goes one after the other.
    CREATE TABLE push_lanes (
      id INTEGER PRIMARY KEY,
      service TEXT NOT NULL,
      conversation INTEGER NOT NULL,
      receiver TEXT NOT NULL,
      token TEXT NOT NULL,
      -- From when on its oldest job may be taken: when that was due, when it is to be tried again, or when its lease ends.
      ready INTEGER NOT NULL,
      -- Who was given the job `taken` has it until then.
      lease INTEGER,
      taken INTEGER,
      UNIQUE (receiver, conversation, token, service)
    );
    CREATE INDEX push_lanes_ready ON push_lanes (service, ready);

    -- A lane has at least one job.
    CREATE TABLE push_jobs (
      service TEXT NOT NULL,
      message INTEGER NOT NULL,
      token TEXT NOT NULL,
      lane INTEGER NOT NULL,
      due INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (service, message, token)
    ) WITHOUT ROWID;
    CREATE INDEX push_jobs_in_lane ON push_jobs (lane, message);
    CREATE TRIGGER push_lane_dropped AFTER DELETE ON push_lanes BEGIN
      DELETE FROM push_jobs WHERE lane = old.id;
    END;

    -- Up to which message it is decided what each service is to push.
    CREATE TABLE push_marks (service TEXT PRIMARY KEY, decided INTEGER NOT NULL) WITHOUT ROWID;

    -- Jobs for messages behind the mark that are done with: after a restart it is decided on those messages again.
    CREATE TABLE push_settled (
      service TEXT NOT NULL,
      message INTEGER NOT NULL,
      token TEXT NOT NULL,
      PRIMARY KEY (service, message, token)
    ) WITHOUT ROWID;

    -- Devices that a service has said are not its own; forgotten when the device is registered again.
    CREATE TABLE device_quarantines (
      token TEXT NOT NULL,
      service TEXT NOT NULL,
      PRIMARY KEY (token, service)
    ) WITHOUT ROWID;
    CREATE TRIGGER device_dropped AFTER DELETE ON devices BEGIN
      DELETE FROM device_quarantines WHERE token = old.token;
    END;
    CREATE TRIGGER device_registered AFTER UPDATE ON devices BEGIN
      DELETE FROM device_quarantines WHERE token = old.token;
    END;
    CREATE INDEX devices_by_age ON devices (since);

    -- What was kept before went to one service, which had the name of its stage.
    INSERT INTO push_marks SELECT 'fcm', pushes_decided FROM meta WHERE pushes_decided IS NOT NULL;
    INSERT INTO push_lanes (service, conversation, receiver, token, ready)
      SELECT 'fcm', m.conversation, m.receiver, d.token, min(p.due)
        FROM pushes p JOIN messages m ON m.id = p.message AND m.receiver = p.receiver
          JOIN devices d ON d.user = m.receiver GROUP BY 2, 3, 4;
    INSERT INTO push_jobs (service, message, token, lane, due)
      SELECT 'fcm', p.message, l.token, l.id, p.due
        FROM pushes p JOIN messages m ON m.id = p.message AND m.receiver = p.receiver
          JOIN push_lanes l ON l.receiver = m.receiver AND l.conversation = m.conversation;
    DROP TABLE pushes;
    ALTER TABLE meta DROP COLUMN pushes_decided;
    """,
    """
    -- Up to which message each life of the daemon has decided what a service is to push. Who takes over what another has
    -- left undecided is its taker until that is decided. Of the one mark that a service had before it is not known whose it is.
    CREATE TABLE push_node_marks (
      service TEXT NOT NULL,
      node INTEGER NOT NULL,
      decided INTEGER NOT NULL,
      -- When it was renewed; 0 where its node has left it.
      written INTEGER NOT NULL,
      taker INTEGER,
      PRIMARY KEY (service, node)
    ) WITHOUT ROWID;
    INSERT INTO push_node_marks (service, node, decided, written) SELECT service, 0, decided, 0 FROM push_marks;
    DROP TABLE push_marks;
    """,
  ]

  /// How many of the steps a database has been through.
  static func version(of connection: SQLiteConnection) throws(StoreError) -> Int {
    Int(try connection.integer("PRAGMA user_version") ?? 0)
  }

  /// Brings a database up to date.
  ///
  /// - Throws: `StoreError` where the database was written by a newer daemon.
  static func migrate(_ connection: SQLiteConnection) throws(StoreError) {
    let version = try version(of: connection)
    guard version <= steps.count else {
      throw StoreError(
        "the database has schema \(version), this daemon knows \(steps.count): run the newer daemon that wrote it"
      )
    }
    for (index, step) in steps.enumerated().dropFirst(version) {
      try connection.execute("BEGIN IMMEDIATE; \(step); PRAGMA user_version = \(index + 1); COMMIT;")
    }
  }
}

/// The tables.
enum Migration0001 {
  static let sql = """
    -- One row: what tells this store from others, and what positions are counted from.
    CREATE TABLE meta (
      single boolean PRIMARY KEY DEFAULT true CHECK (single),
      schema_version int NOT NULL,
      schema_needs int NOT NULL,
      epoch bigint NOT NULL,
      cluster bigint NOT NULL,
      timeline bigint NOT NULL,
      transaction_offset bigint NOT NULL DEFAULT 0,
      -- Of all messages before this one it is decided whether they are due a push.
      pushes_decided bigint,
      -- The feed begins behind this position: what was before it is past its retention.
      oldest_position bigint NOT NULL DEFAULT 0
    );

    CREATE TABLE users (
      id text COLLATE "C" PRIMARY KEY,
      name text,
      -- The name that a user has chosen wins over those of tokens.
      own_name text,
      created bigint NOT NULL,
      -- Tokens that were made before this moment are not good.
      tokens_not_before bigint
    );
    CREATE INDEX users_revoked ON users (id) WHERE tokens_not_before IS NOT NULL;

    -- What two users say to each other. Its id is made from theirs, so that none has to be looked up.
    CREATE TABLE conversations (
      id uuid PRIMARY KEY,
      low text COLLATE "C" NOT NULL,
      high text COLLATE "C" NOT NULL,
      last_message bigint NOT NULL
    ) WITH (fillfactor = 70);
    CREATE INDEX conversations_low ON conversations (low);
    CREATE INDEX conversations_high ON conversations (high);

    -- The id tells when the message was sent and so in which partition it is; position is the place of its latest
    -- change in the feed, born that of the first.
    CREATE TABLE messages (
      id bigint PRIMARY KEY,
      conversation uuid NOT NULL,
      sender text COLLATE "C" NOT NULL,
      receiver text COLLATE "C" NOT NULL,
      content text NOT NULL,
      metadata text,
      reply_to bigint,
      position bigint NOT NULL,
      born bigint NOT NULL,
      version int NOT NULL DEFAULT 1,
      delivered_at bigint,
      read_at bigint,
      edited_at bigint,
      deleted_at bigint,
      -- Where in the feed each of these was told of, as which version: a message that has moved on hides what it passed.
      delivered_position bigint,
      read_position bigint,
      edited_position bigint,
      deleted_position bigint,
      delivered_version int,
      read_version int,
      edited_version int,
      deleted_version int
    ) PARTITION BY RANGE (id);
    CREATE INDEX messages_sent ON messages (sender, position);
    CREATE INDEX messages_received ON messages (receiver, position);
    CREATE INDEX messages_in_conversation ON messages (conversation, id);
    -- What is unread: counted, and read up to a message.
    CREATE INDEX messages_unread ON messages (receiver, sender, id) WHERE read_at IS NULL;
    -- The feed of everyone is read at its end, where positions lie as the rows do: ranges of pages are enough.
    CREATE INDEX messages_feed ON messages USING brin (position) WITH (pages_per_range = 32, autosummarize = on);
    CREATE INDEX messages_births ON messages USING brin (born) WITH (pages_per_range = 32, autosummarize = on);
    -- What was deleted and still has its content: it is blanked for readers, and purged later.
    CREATE INDEX messages_to_purge ON messages (deleted_at) WHERE deleted_at IS NOT NULL AND content <> '';
    -- Messages of a time that nobody has made a partition for: a clock that is wrong must not stop anybody.
    CREATE TABLE messages_rest PARTITION OF messages DEFAULT;

    -- The last word on sending again; kept apart, so that it outlives no longer than its retention.
    CREATE TABLE send_keys (
      sender text COLLATE "C" NOT NULL,
      temp_id text COLLATE "C" NOT NULL,
      message bigint NOT NULL,
      digest bigint NOT NULL,
      PRIMARY KEY (sender, temp_id)
    ) PARTITION BY HASH (sender);
    CREATE TABLE send_keys_0 PARTITION OF send_keys FOR VALUES WITH (MODULUS 4, REMAINDER 0);
    CREATE TABLE send_keys_1 PARTITION OF send_keys FOR VALUES WITH (MODULUS 4, REMAINDER 1);
    CREATE TABLE send_keys_2 PARTITION OF send_keys FOR VALUES WITH (MODULUS 4, REMAINDER 2);
    CREATE TABLE send_keys_3 PARTITION OF send_keys FOR VALUES WITH (MODULUS 4, REMAINDER 3);
    CREATE INDEX send_keys_age ON send_keys USING brin (message) WITH (pages_per_range = 32, autosummarize = on);

    -- Up to where the feed was complete at a moment: lets a sync begin at a time.
    CREATE TABLE moments (
      at bigint PRIMARY KEY,
      position bigint NOT NULL
    );

    -- A connection, one row for each side of it: outgoing or incoming while it is pending.
    CREATE TABLE links (
      user_id text COLLATE "C" NOT NULL,
      peer text COLLATE "C" NOT NULL,
      accepted boolean NOT NULL DEFAULT false,
      outgoing boolean NOT NULL,
      since bigint NOT NULL,
      PRIMARY KEY (user_id, peer)
    );
    CREATE INDEX links_peer ON links (peer);

    CREATE TABLE blocks (
      user_id text COLLATE "C" NOT NULL,
      peer text COLLATE "C" NOT NULL,
      since bigint NOT NULL,
      PRIMARY KEY (user_id, peer)
    );

    -- A token may be longer than what an index takes.
    CREATE TABLE devices (
      digest bytea PRIMARY KEY,
      token text NOT NULL,
      user_id text COLLATE "C" NOT NULL,
      platform text,
      since bigint NOT NULL
    );
    CREATE INDEX devices_of_user ON devices (user_id, since DESC);

    -- Messages whose receiver's phone is to ring.
    CREATE TABLE pushes (
      message bigint PRIMARY KEY,
      receiver text COLLATE "C" NOT NULL,
      due bigint NOT NULL
    );
    CREATE INDEX pushes_of_receiver ON pushes (receiver);
    """
}

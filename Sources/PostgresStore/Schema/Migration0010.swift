/// The feed of everyone is read by indexes in the order of positions. By ranges of pages it was cheap to write and dear to
/// read: what was written since the ranges were summarized last was gone through for each page.
///
/// Building the indexes keeps writers waiting. Where that would take too long, they are made before, under these names:
/// on each partition `CONCURRENTLY`, then on the table with `ON ONLY`, and attached.
enum Migration0010 {
  static let sql = """
    CREATE INDEX IF NOT EXISTS messages_position ON messages (position);
    -- Who was not changed since is found by its position.
    CREATE INDEX IF NOT EXISTS messages_born ON messages (born) WHERE position <> born;
    """
}

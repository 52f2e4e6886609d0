/// What step 10 has put others in the place of, which daemons before it read by as well.
///
/// A step of its own, since it must not wait for a stronger lock than it holds while others write: all that it needs is
/// locked at once, after the lock that daemons before step 10 bring these indexes up to date under.
enum Migration0011 {
  static let sql = """
    SELECT pg_advisory_xact_lock(hashtextextended('sluice feed', 0));
    LOCK TABLE messages IN ACCESS EXCLUSIVE MODE;
    DROP INDEX messages_feed;
    DROP INDEX messages_births;
    """
}

extension RedisScript {
  private static let preamble = """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])

    """

  /// Renews the lease of the node `ARGV[2]` for `ARGV[3]` milliseconds in the sorted set of leases. Answers whether it
  /// held until now, the time, and all nodes with the ends of their leases.
  static let beat = RedisScript(
    preamble + """
      local held = redis.call('ZSCORE', KEYS[1], ARGV[2])
      redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[3])), ARGV[2])
      redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - 2592000000))
      local isHeld = held and tonumber(held) > now
      return {isHeld and 1 or 0, now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')}
      """)

  /// Claims, or claims on, the estate of the dead node `ARGV[2]` for the node `ARGV[3]` and `ARGV[4]` milliseconds; with
  /// `ARGV[5]` at 1 it has been seen to, and the dead node is forgotten. Answers 0 where the node lives, or another has
  /// the claim.
  static let claim = RedisScript(
    preamble + """
      local score = redis.call('ZSCORE', KEYS[1], ARGV[2])
      local owner = redis.call('GET', KEYS[2])
      if not score or tonumber(score) > now then
        if owner == ARGV[3] then redis.call('DEL', KEYS[2]) end
        return 0
      end
      if owner and owner ~= ARGV[3] then return 0 end
      if ARGV[5] == '1' then
        redis.call('ZREM', KEYS[1], ARGV[2])
        redis.call('DEL', KEYS[2])
      else
        redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
      end
      return 1
      """)

  /// Ends the lease of the node `ARGV[2]` now, where it has one.
  static let resign = RedisScript(
    preamble + """
      return redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', now), ARGV[2])
      """)
}

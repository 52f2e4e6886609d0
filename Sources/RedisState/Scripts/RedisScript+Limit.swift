extension RedisScript {
  /// Charges rate limits by the generic cell rate algorithm: `KEYS` are the debts, `ARGV` the test's time offset in
  /// microseconds, then for each key the charge and the allowance, each as microseconds and the nanoseconds beyond.
  /// Answers 0 for each that is admitted, else the microseconds to wait.
  ///
  /// A debt is the theoretical arrival time as `microseconds:nanoseconds`. Lua's numbers are doubles, exact to 2^53, so
  /// the two parts are never joined: microseconds since 1970 plus the largest charge stay below that.
  static let limit = RedisScript(
    """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[1])
    local answers = {}
    for i, key in ipairs(KEYS) do
      local at = i * 4 - 2
      local us, ns = now, 0
      local debt = redis.call('GET', key)
      if debt then
        local a, b = string.match(debt, '^(%d+):(%d+)$')
        a, b = tonumber(a), tonumber(b)
        if a and a >= now then us, ns = a, b end
      end
      us, ns = us + tonumber(ARGV[at]), ns + tonumber(ARGV[at + 1])
      if ns >= 1000 then us, ns = us + 1, ns - 1000 end
      local over, rest = us - now - tonumber(ARGV[at + 2]), ns - tonumber(ARGV[at + 3])
      if rest < 0 then over, rest = over - 1, rest + 1000 end
      if over < 0 or (over == 0 and rest == 0) then
        if us > now or ns > 0 then
          local left = math.ceil((us - now + 1) / 1000)
          redis.call('SET', key, string.format('%.0f:%.0f', us, ns), 'PX', string.format('%.0f', left))
        end
        answers[i] = 0
      else
        if rest > 0 then over = over + 1 end
        answers[i] = over
      end
    end
    return answers
    """)
}

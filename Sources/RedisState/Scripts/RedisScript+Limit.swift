extension RedisScript {
  /// Charges a rate limit by the generic cell rate algorithm: `KEYS` are debts, `ARGV` the test's time offset in
  /// microseconds, the charge and the allowance, each as microseconds and the nanoseconds beyond, then for each key how
  /// many events are charged one after the other. Answers for each key how many are admitted, and the microseconds that
  /// the others have to wait.
  ///
  /// A debt is the theoretical arrival time as `microseconds:nanoseconds`. Lua's numbers are doubles, exact to 2^53, so
  /// the two parts are never joined: microseconds since 1970 plus the largest charge stay below that.
  static let limit = RedisScript(
    """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[1])
    local charge, charge_ns = tonumber(ARGV[2]), tonumber(ARGV[3])
    local last, last_ns = now + tonumber(ARGV[4]), tonumber(ARGV[5])
    local answers = {}
    for i, key in ipairs(KEYS) do
      local us, ns = now, 0
      local debt = redis.call('GET', key)
      if debt then
        local a, b = string.match(debt, '^(%d+):(%d+)$')
        a, b = tonumber(a), tonumber(b)
        if a and a >= now then us, ns = a, b end
      end
      local wanted, admitted, wait = tonumber(ARGV[i + 5]), 0, 0
      while admitted < wanted do
        local to, to_ns = us + charge, ns + charge_ns
        if to_ns >= 1000 then to, to_ns = to + 1, to_ns - 1000 end
        if to > last or (to == last and to_ns > last_ns) then
          wait = to - last
          if to_ns > last_ns then wait = wait + 1 end
          break
        end
        us, ns, admitted = to, to_ns, admitted + 1
      end
      if admitted > 0 and (us > now or ns > 0) then
        local left = math.ceil((us - now + 1) / 1000)
        redis.call('SET', key, string.format('%.0f:%.0f', us, ns), 'PX', string.format('%.0f', left))
      end
      answers[2 * i - 1], answers[2 * i] = admitted, wait
    end
    return answers
    """)
}

extension RedisScript {
  /// What every script about a user begins with. The user's hash holds a field `NODE:CONNECTION` for each device,
  /// `gone` (`MILLISECONDS:NODE`) while they are in their grace period, which that node sees to the end of, and `seen`,
  /// the last sign of life. `ARGV` begins with this node, the live nodes as `,a,b,`, the time offset, and the
  /// milliseconds that the hash is kept without a device.
  private static let preamble = """
    local key, me, live = KEYS[1], ARGV[1], ARGV[2]
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[3])
    local function nodeOf(field) return string.match(field, '^(%x+):') end
    local function isIn(list, node) return string.find(list, ',' .. node .. ',', 1, true) ~= nil end
    local function holder()
      local gone = redis.call('HGET', key, 'gone')
      if gone then return string.match(gone, '^(%d+):(%x+)$') end
    end
    local function leave(moment)
      redis.call('HSET', key, 'gone', string.format('%.0f:%s', moment, me), 'seen', string.format('%.0f', moment))
      redis.call('PEXPIRE', key, ARGV[4])
    end

    """

  /// Notes the device `ARGV[6]` with the moment; `ARGV[5]` are the nodes whose entries count: those alive, and those
  /// whose death has not been seen to yet. Answers 1 where the user was offline, and behind it the oldest devices that
  /// are more than `ARGV[7]` of those alive. With `ARGV[8]` at 1 it notes a device only beside another of this node, and
  /// answers nothing where there is none.
  ///
  /// Most who come were not there at all: for them it reads once and writes once, since a call takes longer than what is
  /// done here besides.
  static let arrive = RedisScript(
    preamble + """
      local all, held = redis.call('HGETALL', key), {}
      local was, isNoted, isThere = false, false, false
      for i = 1, #all, 2 do
        local field, node = all[i], nodeOf(all[i])
        if field == ARGV[6] then was, isNoted = true, true end
        if node and isIn(ARGV[5], node) or field == 'gone' and holder() then was = true end
        if node == me then isThere = true end
        if node and (node == me or isIn(live, node)) then held[#held + 1] = {field, tonumber(all[i + 1]) or 0} end
      end
      if ARGV[8] == '1' and not isThere then return {} end
      if not isNoted then
        redis.call('HSET', key, ARGV[6], string.format('%.0f', now))
        held[#held + 1] = {ARGV[6], now}
      end
      if #all > 0 then
        redis.call('HDEL', key, 'gone')
        redis.call('PERSIST', key)
      end
      local answer = {was and 0 or 1}
      if #held > tonumber(ARGV[7]) then
        table.sort(held, function(one, other) return one[2] < other[2] end)
        for i = 1, #held - tonumber(ARGV[7]) do answer[#answer + 1] = held[i][1] end
      end
      return answer
      """)

  /// Takes the device `ARGV[5]` away. Answers whether it was the last, and whether the user is still this node's concern.
  static let depart = RedisScript(
    preamble + """
      local removed = redis.call('HDEL', key, ARGV[5])
      local ours, others = 0, false
      for _, field in ipairs(redis.call('HKEYS', key)) do
        local node = nodeOf(field)
        if node == me then ours = 1 end
        if node and (node == me or isIn(live, node)) then others = true end
      end
      local _, by = holder()
      if by == me then ours = 1 end
      if removed == 0 or others then return {0, ours} end
      leave(now)
      return {1, 1}
      """)

  /// Makes the user offline where they have been gone for `ARGV[5]` milliseconds. Answers their last sign of life, or -1
  /// where that changes nothing, and whether the user is still this node's concern.
  static let lapse = RedisScript(
    preamble + """
      local since, by = holder()
      local ours, waiting = 0, {}
      for _, field in ipairs(redis.call('HKEYS', key)) do
        local node = nodeOf(field)
        if node == me then ours = 1 end
        if node and isIn(ARGV[6], node) then waiting[#waiting + 1] = field end
      end
      if not since then return {-1, ours} end
      if now - tonumber(since) < tonumber(ARGV[5]) then return {-1, 1} end
      redis.call('HDEL', key, 'gone', unpack(waiting))
      redis.call('HSET', key, 'seen', since)
      redis.call('PEXPIRE', key, ARGV[4])
      return {tonumber(since), 0}
      """)

  /// Notes `ARGV[7]` and what follows as devices that the node `ARGV[5]` holds of the user; with `ARGV[6]` at 1, as all
  /// that it holds. Where none are left anywhere, the grace period begins, or goes on under this node. Answers whether this node has to see to its end.
  static let restore = RedisScript(
    preamble + """
      local subject, wanted, removed, others = ARGV[5], {}, false, false
      for i = 7, #ARGV do wanted[ARGV[i]] = true end
      for _, field in ipairs(redis.call('HKEYS', key)) do
        local node = nodeOf(field)
        if node == subject then
          if ARGV[6] == '1' and not wanted[field] then redis.call('HDEL', key, field) removed = true end
        elseif node and (node == me or isIn(live, node)) then
          others = true
        end
      end
      if #ARGV >= 7 then
        for i = 7, #ARGV do redis.call('HSETNX', key, ARGV[i], '0') end
        redis.call('HDEL', key, 'gone')
        redis.call('PERSIST', key)
        return 0
      end
      local since, by = holder()
      if since then
        if by ~= subject then return 0 end
        redis.call('HSET', key, 'gone', since .. ':' .. me)
        return 1
      end
      if removed and not others then leave(now) return 1 end
      return 0
      """)
}

/**
 * The protocol's (a) and (b) for Redis: each script is one atomic step over a whole group.
 *
 * Keys, behind the prefix:
 *   e:{uuid}         string `<role><owed><parked><length>:<fingerprint><window id>`, then, while the log is owed, a line
 *                    feed and the entry (see redis.ts). role f|r|k; owed 1 log, 2 escalation; length is the fingerprint's.
 *   w:{fingerprint}  hash: f fingerprint, i id, t end, k keeps, n count, a first, z last, h labels and rule as JSON,
 *                    c0..c3 how many values each list holds (11: cut), {0..3}{value} its place in its list
 *   s:{id}           the same hash after closing, with x the time of closing and y once it was tried
 *   o:{key}          how many windows were opened in this period
 *   windows, summaries  sorted sets that lead sweep to w: by end and to s: by the time it may be taken
 *   tick             written by every script: it fails at once on a replica or when memory is used up, before
 *                    anything else has changed, and WAIT has something of this connection's to wait for, without
 *                    which it would vouch for other clients' writes that it never saw
 */

const HEAD = `
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', prefix .. 'tick', now)
local DAY = 86400000
local RECORD, OWING = 8 * DAY, 31 * DAY
`;

const CLOSE = `
local function close(fingerprint, id, n)
  local window = prefix .. 'w:' .. fingerprint
  redis.call('ZREM', prefix .. 'windows', fingerprint)
  if n == '0' then
    redis.call('DEL', window)
    return
  end
  local summary = prefix .. 's:' .. id
  redis.call('RENAME', window, summary)
  redis.call('HSET', summary, 'x', now)
  redis.call('PEXPIRE', summary, OWING)
  redis.call('ZADD', prefix .. 'summaries', 0, id)
end
`;

/**
 * ARGV: prefix, then for each claim 11 strings: uuid key, fingerprint, overflow key, overflow fingerprint, numbers
 * (windowMs keep limit overflowMs flags time window-id; flags 1 escalates, 2 replay, 4 past the horizon), pod, node,
 * user, remote, head, entry. Head and entry may be empty for what is neither a replay nor past the horizon. Answers per claim '0'
 * (new) or '1' (again) and the record, '?' where it is new and needs the entry after all, and nothing was changed, or '!' and
 * why it failed.
 */
export const CLAIM = `${HEAD}${CLOSE}
local function write(key, role, owed, fingerprint, id, entry, ttl)
  local record = role .. owed .. '0' .. #fingerprint .. ':' .. fingerprint .. id
  redis.call('SET', key, entry and record .. '\\n' .. entry or record, 'PX', ttl)
  return '0' .. record
end

local function count(window, at, id, fields)
  local changes = { 'n', fields[4] + 1 }
  if at < fields[5] then
    changes[3], changes[4] = 'a', at
  end
  if at > fields[6] then
    changes[#changes + 1], changes[#changes + 2] = 'z', at
  end
  for list = 0, 3 do
    local value, held = ARGV[id + list], fields[7 + list]
    if value ~= '' and not fields[11 + list] and held ~= '11' then
      held = tonumber(held)
      changes[#changes + 1], changes[#changes + 2] = 'c' .. list, held + 1
      if held < 10 then
        changes[#changes + 1], changes[#changes + 2] = list .. value, held
      end
    end
  end
  redis.call('HSET', window, unpack(changes))
end

local function join(fingerprint, keep, at, i)
  local bare = ARGV[i + 10] == ''
  local window = prefix .. 'w:' .. fingerprint
  local fields = redis.call('HMGET', window, 'i', 't', 'k', 'n', 'a', 'z', 'c0', 'c1', 'c2', 'c3',
    '0' .. ARGV[i + 5], '1' .. ARGV[i + 6], '2' .. ARGV[i + 7], '3' .. ARGV[i + 8])
  if bare and not (fields[1] and tonumber(fields[2]) > now and tonumber(fields[3]) >= keep) then return '?' end
  if not fields[1] then return end
  if tonumber(fields[2]) <= now then
    close(fingerprint, fields[1], fields[4])
    return
  end
  if tonumber(fields[3]) < keep then
    redis.call('HINCRBY', window, 'k', 1)
    return 'k', fields[1]
  end
  count(window, at, i + 5, fields)
  return 'r', fields[1]
end

local function open(fingerprint, windowMs, id, head)
  local window = prefix .. 'w:' .. fingerprint
  redis.call('HSET', window, 'f', fingerprint, 'i', id, 't', now + windowMs, 'k', 0, 'n', 0,
    'a', '99999999999999999999', 'z', '', 'c0', 0, 'c1', 0, 'c2', 0, 'c3', 0, 'h', head)
  redis.call('PEXPIRE', window, windowMs + OWING)
  redis.call('ZADD', prefix .. 'windows', now + windowMs, fingerprint)
  return 'f', id
end

local function place(i, fingerprint, windowMs, keep, limit, overflowMs, at, id)
  local role, window = join(fingerprint, keep, at, i)
  if role then return fingerprint, role, window end
  local overflow = ARGV[i + 3]
  if fingerprint ~= overflow then
    local key = prefix .. 'o:' .. ARGV[i + 2]
    local opened = tonumber(redis.call('GET', key) or 0)
    if opened >= limit then
      role, window = join(overflow, keep, at, i)
      if role then return overflow, role, window end
      fingerprint = overflow
    elseif opened == 0 then
      -- Redis keeps a key through the millisecond in which it expires; the period ends with that one.
      redis.call('SET', key, 1, 'PX', math.max(1, overflowMs - 1))
    else
      redis.call('INCR', key)
    end
  end
  return fingerprint, open(fingerprint, windowMs, id, ARGV[i + 9])
end

local function claim(i)
  local key = prefix .. 'e:' .. ARGV[i]
  local windowMs, keep, limit, overflowMs, flags, at, id =
    string.match(ARGV[i + 4], '^(%d+) (%d+) (%d+) (%d+) (%d) (%d+) (%S+)$')
  flags = tonumber(flags)
  local escalates, replay, past = flags % 2, flags % 4 >= 2, flags >= 4
  local record = redis.call('GET', key)
  if record then
    local owed = tonumber(string.sub(record, 2, 2))
    if replay and owed % 2 == 0 and string.sub(record, 3, 3) == '1' then
      record = string.sub(record, 1, 1) .. (owed + 1) .. string.sub(record, 3) .. '\\n' .. ARGV[i + 10]
      redis.call('SET', key, record, 'PX', OWING)
    end
    return '1' .. record
  end
  if past then
    return write(key, 'k', 1 + 2 * escalates, ARGV[i + 1], '', ARGV[i + 10], OWING)
  end
  local fingerprint, role, window = place(i, ARGV[i + 1], tonumber(windowMs), tonumber(keep), tonumber(limit),
    tonumber(overflowMs), at, id)
  if role == '?' then return role end
  if role == 'r' then
    return write(key, role, 2 * escalates, fingerprint, window, nil, escalates == 1 and OWING or RECORD)
  end
  return write(key, role, 1 + 2 * escalates, fingerprint, window, ARGV[i + 10], OWING)
end

local answers = {}
for i = 2, #ARGV, 11 do
  local done, answer = pcall(claim, i)
  answers[#answers + 1] = done and answer or '!' .. (type(answer) == 'table' and answer.err or tostring(answer))
end
return answers
`;

/** ARGV: prefix, then for each settlement its uuid key and bits (1 log, 2 escalation, 4 parked). */
export const SETTLE = `${HEAD}
local function settle(i)
  local key = prefix .. 'e:' .. ARGV[i]
  local record = redis.call('GET', key)
  if not record then return end
  local bits = tonumber(ARGV[i + 1])
  local parks = bits >= 4
  local log, escalation = (bits % 2 == 1) or parks, bits % 4 >= 2
  local owed, parked = tonumber(string.sub(record, 2, 2)), string.sub(record, 3, 3)
  local left = owed
  if log and owed % 2 == 1 then
    left = left - 1
    parked = parks and '1' or '0'
  end
  if escalation and owed >= 2 then left = left - 2 end
  if left == owed then return end
  record = string.sub(record, 1, 1) .. left .. parked .. string.sub(record, 4)
  if left % 2 == 0 then
    local length, start = string.match(record, '^...(%d+):()')
    local line = string.find(record, '\\n', start + length, true)
    if line then record = string.sub(record, 1, line - 1) end
  end
  redis.call('SET', key, record, 'PX', (left == 0 and parked == '0') and RECORD or OWING)
end

local answers = {}
for i = 2, #ARGV, 2 do
  local done, answer = pcall(settle, i)
  answers[#answers + 1] = done and '' or (type(answer) == 'table' and answer.err or tostring(answer))
end
return answers
`;

/** ARGV: prefix, limit. Answers how many were closed. */
export const CLOSE_WINDOWS = `${HEAD}${CLOSE}
local over = redis.call('ZRANGEBYSCORE', prefix .. 'windows', '-inf', now, 'LIMIT', 0, ARGV[2])
for _, fingerprint in ipairs(over) do
  local fields = redis.call('HMGET', prefix .. 'w:' .. fingerprint, 'i', 'n')
  if fields[1] then
    close(fingerprint, fields[1], fields[2])
  else
    redis.call('ZREM', prefix .. 'windows', fingerprint)
  end
end
return #over
`;

/** ARGV: prefix, limit, hold in milliseconds. Answers each summary's id followed by its hash as it was. */
export const TAKE_SUMMARIES = `${HEAD}
local ids = redis.call('ZRANGEBYSCORE', prefix .. 'summaries', '-inf', now, 'LIMIT', 0, ARGV[2])
local answers = {}
for _, id in ipairs(ids) do
  local summary = prefix .. 's:' .. id
  local fields = redis.call('HGETALL', summary)
  if #fields == 0 then
    redis.call('ZREM', prefix .. 'summaries', id)
  else
    redis.call('HSET', summary, 'y', 1)
    redis.call('ZADD', prefix .. 'summaries', now + ARGV[3], id)
    answers[#answers + 1] = { id, fields }
  end
end
return answers
`;

/** ARGV: prefix, id. */
export const DELETE_SUMMARY = `${HEAD}
redis.call('DEL', prefix .. 's:' .. ARGV[2])
redis.call('ZREM', prefix .. 'summaries', ARGV[2])
return 1
`;

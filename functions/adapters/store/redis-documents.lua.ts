/**
 * Documents in Redis. Keys, behind the prefix:
 *   d:{key}   hash: v version, j JSON, k its kind where it has a due time
 *   k:{kind}  sorted set of the keys of a kind by due time
 * `tick` as in redis-events.lua.ts.
 */

/**
 * ARGV: prefix, how many reads, then key and version ('' absent) of each, then for each write key, kind ('' none), due
 * time, time of expiry, version and JSON ('' deletes). Answers 1, or 0 where something that was read has changed.
 */
export const COMMIT = `
local prefix = ARGV[1]
redis.call('SET', prefix .. 'tick', 0)
local i = 3
for _ = 1, tonumber(ARGV[2]) do
  local version = redis.call('HGET', prefix .. 'd:' .. ARGV[i], 'v') or ''
  if version ~= ARGV[i + 1] then return 0 end
  i = i + 2
end
while i <= #ARGV do
  local key, kind = ARGV[i], ARGV[i + 1]
  local document = prefix .. 'd:' .. key
  local before = redis.call('HGET', document, 'k')
  if before and before ~= kind then redis.call('ZREM', prefix .. 'k:' .. before, key) end
  redis.call('DEL', document)
  if ARGV[i + 5] ~= '' then
    redis.call('HSET', document, 'v', ARGV[i + 4], 'j', ARGV[i + 5])
    if kind ~= '' then
      redis.call('HSET', document, 'k', kind)
      redis.call('ZADD', prefix .. 'k:' .. kind, ARGV[i + 2], key)
    end
    redis.call('PEXPIREAT', document, ARGV[i + 3])
  elseif kind ~= '' then
    redis.call('ZREM', prefix .. 'k:' .. kind, key)
  end
  i = i + 6
end
return 1
`;

/** ARGV: prefix, kind, limit, 'due' or 'all'. Answers keys; forgets those whose document has expired. */
export const OF_KIND = `
local prefix, kind, limit = ARGV[1], ARGV[1] .. 'k:' .. ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local till = ARGV[4] == 'due' and time[1] * 1000 + math.floor(time[2] / 1000) or '+inf'
local keys, seen = {}, 0
while #keys < limit do
  local found = redis.call('ZRANGEBYSCORE', kind, '-inf', till, 'LIMIT', seen, limit - #keys)
  if #found == 0 then break end
  for _, key in ipairs(found) do
    if redis.call('HGET', prefix .. 'd:' .. key, 'k') == ARGV[2] then
      keys[#keys + 1] = key
      seen = seen + 1
    else
      redis.call('ZREM', kind, key)
    end
  end
end
return keys
`;

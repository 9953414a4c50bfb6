-- Takes one upload from a bucket (GCRA) and returns in how many ns the bucket is full again with it. Above the period
-- no upload was left, and nothing is changed.
--
-- KEYS[1] has the time at which the bucket is full again: seconds and ns since 1970. A Lua number cannot hold that in
-- ns, but it holds every difference that counts. ARGV: the time for one upload and the period, both in ns.
local now = redis.call('TIME')
local now_s, now_ns = tonumber(now[1]), tonumber(now[2]) * 1000
local each, period = tonumber(ARGV[1]), tonumber(ARGV[2])

local ahead = 0
local s, ns = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if s then
	-- A clock that was set back must not lock anybody out for longer than a period.
	ahead = math.min(math.max((s - now_s) * 1e9 + (ns - now_ns), 0), period)
end

local after = ahead + each
if after <= period then
	local full_ns = now_ns + after
	local more_s = math.floor(full_ns / 1e9)
	redis.call('SET', KEYS[1], string.format('%d %d', now_s + more_s, full_ns - more_s * 1e9),
		'PX', string.format('%d', math.ceil(after / 1e6) + 1000))
end
return after

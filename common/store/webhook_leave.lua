-- Give up the lease of the sender of webhooks, so that another process takes it at once.
--
-- KEYS  webhook-sender
-- ARGV  the process

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1

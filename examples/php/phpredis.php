<?php
// Push to the Redis list, without HTTP: to everybody, to a channel, to a user, and several at once.
// Needs the extension redis. The list has no answers and no ids: what must arrive once goes through HTTP (curl.php).

$key = getenv('MESSAGE_CENTER_KEY') ?: 'message_center';
$at = parse_url(getenv('REDIS_URL') ?: 'redis://127.0.0.1:6379/0');

/** For some only: the byte 0x1E, in double quotes, then JSON. */
function envelope($content, array $to): string
{
    return "\x1e" . json_encode(['content' => $content] + $to, JSON_THROW_ON_ERROR);
}

try {
    $redis = new Redis(); // Leave its serializer off: clients would get what it writes.
    $redis->connect($at['host'], $at['port'] ?? 6379, 5.0);
    if (isset($at['pass'])) {
        $password = rawurldecode($at['pass']);
        $redis->auth(empty($at['user']) ? $password : [rawurldecode($at['user']), $password]);
    }
    $redis->select((int) substr($at['path'] ?? '/0', 1));

    $redis->lPush($key, 'hello from phpredis');
    $redis->lPush($key, envelope('order 1024 is paid', ['channels' => ['orders']]));
    $redis->lPush($key, envelope('your parcel is here', ['users' => [42]]));
    $redis->lPush($key, 'first', envelope('second', ['channels' => ['orders']])); // All or none, in this order.
    echo "pushed\n";
} catch (RedisException $problem) {
    fwrite(STDERR, "not pushed: {$problem->getMessage()}\n");
    exit(1);
}

<?php
// Push to the Redis list, without HTTP: to everybody, to a channel, to a user, and several at once.
// Needs predis: composer require predis/predis. The list has no answers and no ids: what must arrive once goes through HTTP (curl.php).

require file_exists('vendor/autoload.php') ? 'vendor/autoload.php' : 'Predis/autoload.php'; // Composer's, or Debian's.

$key = getenv('MESSAGE_CENTER_KEY') ?: 'message_center';

/** For some only: the byte 0x1E, in double quotes, then JSON. */
function envelope($content, array $to): string
{
    return "\x1e" . json_encode(['content' => $content] + $to, JSON_THROW_ON_ERROR);
}

try {
    $redis = new Predis\Client(getenv('REDIS_URL') ?: 'redis://127.0.0.1:6379/0');
    $redis->lpush($key, ['hello from predis']);
    $redis->lpush($key, [envelope('order 1024 is paid', ['channels' => ['orders']])]);
    $redis->lpush($key, [envelope('your parcel is here', ['users' => [42]])]);
    $redis->lpush($key, ['first', envelope('second', ['channels' => ['orders']])]); // All or none, in this order.
    echo "pushed\n";
} catch (Predis\PredisException $problem) {
    fwrite(STDERR, "not pushed: {$problem->getMessage()}\n");
    exit(1);
}

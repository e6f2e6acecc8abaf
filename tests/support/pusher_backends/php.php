<?php
// A backend with Pusher's library for PHP, pusher-php-server: `php.php PORT ID KEY SECRET`. PUSHER_PHP is the folder `src` of
// the library; Debian has Guzzle, which it asks with.

require 'GuzzleHttp/autoload.php';
spl_autoload_register(function ($class) {
    $path = str_starts_with($class, 'Pusher\\')
        ? getenv('PUSHER_PHP') . '/' . substr($class, 7) . '.php'
        : '/usr/share/php/' . str_replace('\\', '/', $class) . '.php';
    if (is_file($path)) {
        require $path;
    }
});

[, $port, $id, $key, $secret] = $argv;
$client = fn ($secret) => new Pusher\Pusher($key, $secret, $id, [
    'host' => '127.0.0.1', 'port' => (int) $port, 'scheme' => 'http', 'useTLS' => false,
    'encryption_master_key_base64' => 'ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=',
]);
$refusal = function (callable $call) {
    try {
        $call();
    } catch (Pusher\ApiErrorException $problem) {
        return (string) $problem->getCode();
    }
    return 'taken';
};
$backend = $client($secret);
$info = 'user_count,subscription_count';
echo json_encode([
    'trigger' => $backend->trigger(['orders', 'news'], 'paid', ['n' => 1], ['socket_id' => '12.34']),
    'info' => $backend->trigger(['presence-room', 'orders'], 'said', '"text"', ['info' => $info], true),
    'batch' => $backend->triggerBatch([
        ['channel' => 'orders', 'name' => 'a', 'data' => '消息'],
        ['channel' => 'private-b@x', 'name' => 'b', 'data' => '{"x":[1]}', 'socket_id' => '1.2'],
    ], true),
    'user' => $backend->sendToUser('42', 'hello', '', true),
    'encrypted' => $backend->trigger('private-encrypted-c', 'secret', 'nobody reads it here'),
    'channels' => $backend->getChannels(['filter_by_prefix' => 'presence-', 'info' => 'user_count']),
    'channel' => $backend->getChannelInfo('presence-room', ['info' => $info]),
    'users' => $backend->getPresenceUsers('presence-room'),
    'terminate' => $backend->terminateUserConnections('42'),
    'wrong' => $refusal(fn () => $client('wrong-secret')->trigger('orders', 'paid', '')),
    'bad' => $refusal(fn () => $backend->getChannelInfo('orders', ['info' => 'user_count'])),
]), "\n";

<?php
// A backend with webman/push: `webman.php PORT ID KEY SECRET`. WEBMAN_PUSH is the folder `src` of the library.

require getenv('WEBMAN_PUSH') . '/Api.php';

[, $port, , $key, $secret] = $argv;
$client = fn ($secret) => new Webman\Push\Api("http://127.0.0.1:$port", $key, $secret);
$backend = $client($secret);
echo json_encode([
    'trigger' => $backend->trigger(['orders', 'news'], 'paid', ['n' => 1], '12.34') ? new stdClass() : null,
    'channels' => $backend->getChannels(['filter_by_prefix' => 'presence-', 'info' => 'user_count'])['result'],
    'channel' => $backend->getChannelInfo('presence-room', ['info' => 'user_count,subscription_count']),
    'wrong' => $client('wrong-secret')->trigger('orders', 'paid', '') ? 'taken' : '401',
    'bad' => $backend->getChannelInfo('orders', ['info' => 'user_count']) ? 'taken' : '400',
]), "\n";

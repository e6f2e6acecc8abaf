<?php
// Push to everybody, to a channel, to a user, in a batch, and twice under one id. Needs the extension curl only.

const TRIES = 5;
$url = getenv('MESSAGE_CENTER_URL') ?: 'http://127.0.0.1:2346';
$token = getenv('MESSAGE_CENTER_TOKEN');

class Refused extends RuntimeException {}

/** Each message has an id: it is queued once, however often it comes. So a push without an answer is tried again. */
function post(string $path, array $value): void
{
    global $url, $token;
    for ($try = 1; ; $try++) {
        $wait = 0;
        $curl = curl_init($url . $path);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => json_encode($value, JSON_THROW_ON_ERROR),
            CURLOPT_HTTPHEADER => array_merge(['Content-Type: application/json'], $token ? ["Authorization: Bearer $token"] : []),
            CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$wait) {
                if (sscanf(strtolower($line), 'retry-after: %d', $seconds) === 1) $wait = $seconds;
                return strlen($line);
            },
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 10,
        ]);
        $body = curl_exec($curl);
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $answer = json_decode((string) $body, true) ?: []; // A proxy may answer in HTML.
        if ($status === 200 && ($answer['code'] ?? -1) === 0) return;
        if ($body !== false) {
            $problem = new Refused(trim("$status " . ($answer['error'] ?? '') . ': ' . ($answer['msg'] ?? '')));
            if (!in_array($status, [429, 502, 503, 504], true)) throw $problem;
        } else {
            $problem = new RuntimeException(curl_error($curl)); // It may be queued or not.
        }
        if ($try === TRIES) throw $problem;
        sleep($wait ?: 1);
    }
}

/** `$to` is ['channels' => [...]] or ['users' => [...]]; without it, the message is for everybody. */
function message($content, array $to = [], ?string $id = null): array
{
    return ['content' => $content, 'id' => $id ?? bin2hex(random_bytes(16))] + $to;
}

try {
    post('/push', message('hello from PHP'));
    post('/push', message('order 1024 is paid', ['channels' => ['orders']]));
    post('/push', message('your parcel is here', ['users' => [42]]));
    post('/push/batch', [message('first'), message('second', ['channels' => ['orders']])]);
    $shipped = message('order 1024 is shipped', ['channels' => ['orders']], 'order-1024-shipped');
    post('/push', $shipped);
    post('/push', $shipped); // As if the answer had been lost. It arrives once.
    echo "pushed\n";
} catch (Refused $refused) {
    fwrite(STDERR, "refused: {$refused->getMessage()}\n");
    exit(1);
} catch (RuntimeException $problem) {
    fwrite(STDERR, "no answer from $url: {$problem->getMessage()}\n");
    exit(1);
}

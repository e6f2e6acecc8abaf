<?php
declare(strict_types=1);

namespace app\service;

use think\Config;

/** Pushes over HTTP. A push has an id, so that it can be tried again: the message is queued once, however often it comes. */
class MessageCenter
{
    private const TRIES = 3;
    private const LONGEST_WAIT = 2; // Seconds. Whoever asked us waits, too.

    private array $config;

    public function __construct(Config $config)
    {
        $this->config = $config->get('message_center');
    }

    /**
     * Status and answer, of which the original had two: {"code":0,"msg":"success"} and {"code":-1,"msg":"内容不能为空"}.
     * $to is ['channels' => [...]] or ['users' => [...]] or both; without it the message is for everybody.
     */
    public function push($content, array $to = [], ?string $id = null): array
    {
        return $this->post('/push', ['content' => $content, 'id' => $id ?? bin2hex(random_bytes(16))] + $to);
    }

    /** All or none. Each message is ['content' => ..., 'id' => ..., 'channels' => [...]]. */
    public function pushBatch(array $messages): array
    {
        return $this->post('/push/batch', $messages);
    }

    private function post(string $path, array $value): array
    {
        $body = json_encode($value, JSON_THROW_ON_ERROR);
        for ($try = 1; ; $try++) {
            [$status, $answer, $wait] = $this->tryOnce($path, $body);
            $mayPass = in_array($status, [0, 429, 502, 503, 504], true);
            if (!$mayPass || $try === self::TRIES || $wait > self::LONGEST_WAIT) {
                return [$status ?: 503, $answer];
            }
            sleep($wait ?: 1);
        }
    }

    /** A status of 0: there was no answer, and the message may be queued or not. */
    private function tryOnce(string $path, string $body): array
    {
        $wait = 0;
        $headers = ['Content-Type: application/json'];
        if ($this->config['token'] !== '') {
            $headers[] = 'Authorization: Bearer ' . $this->config['token'];
        }
        $curl = curl_init($this->config['url'] . $path);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS     => $body,
            CURLOPT_HTTPHEADER     => $headers,
            CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$wait): int {
                if (sscanf(strtolower($line), 'retry-after: %d', $seconds) === 1) {
                    $wait = $seconds;
                }
                return strlen($line);
            },
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT        => 5,
        ]);
        $answer = json_decode((string) curl_exec($curl), true);
        $unknown = ['code' => -1, 'error' => 'no_answer', 'msg' => 'message-center does not answer: ' . curl_error($curl)];
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), is_array($answer) ? $answer : $unknown, $wait];
    }
}

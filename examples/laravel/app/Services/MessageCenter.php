<?php

namespace App\Services;

use App\Exceptions\NotPushed;
use Exception;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\PendingRequest;
use Illuminate\Http\Client\RequestException;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Str;

/** Pushes over HTTP. A push has an id, so that it can be tried again: the message is queued once, however often it comes. */
class MessageCenter
{
    private const LONGEST_WAIT = 5000; // Milliseconds. Whoever asked us waits, too; a queued job can wait for longer.

    /**
     * $to is ['channels' => [...]] or ['users' => [...]] or both; without it the message is for everybody.
     *
     * @throws NotPushed it was refused, or nothing has confirmed it
     */
    public function push(mixed $content, array $to = [], ?string $id = null): void
    {
        $this->post('/push', ['content' => $content, 'id' => $id ?? (string) Str::uuid()] + $to);
    }

    /** All or none. Each message is ['content' => ..., 'id' => ..., 'channels' => [...]]. */
    public function pushBatch(array $messages): void
    {
        $this->post('/push/batch', $messages);
    }

    private function post(string $path, array $body): void
    {
        try {
            $response = Http::baseUrl(config('message_center.url'))
                ->when(config('message_center.token'), fn (PendingRequest $request, string $token) => $request->withToken($token))
                ->timeout(5)
                ->retry(3, $this->wait(...), $this->mayPass(...), throw: false)
                ->post($path, $body);
        } catch (ConnectionException $problem) { // It may be queued or not.
            throw new NotPushed(503, 'no_answer', $problem->getMessage());
        }
        if (! $response->ok() || $response->json('code') !== 0) {
            throw new NotPushed($response->status(), (string) $response->json('error'), (string) $response->json('msg'));
        }
    }

    /** Milliseconds until the next try. */
    private function wait(int $attempt, Exception $problem): int
    {
        $seconds = $problem instanceof RequestException ? (int) $problem->response->header('Retry-After') : 0;

        return 1000 * max(1, $seconds);
    }

    private function mayPass(Exception $problem): bool
    {
        return $problem instanceof ConnectionException
            || (in_array($problem->response->status(), [429, 502, 503, 504], true)
                && $this->wait(1, $problem) <= self::LONGEST_WAIT);
    }
}

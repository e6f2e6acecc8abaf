<?php

namespace App\Exceptions;

use Illuminate\Http\JsonResponse;
use RuntimeException;

/** The answer of message-center: a status, `error` for programs, and a message for people. */
class NotPushed extends RuntimeException
{
    public function __construct(public readonly int $status, public readonly string $error, string $msg)
    {
        parent::__construct($msg);
    }

    /** What a route answers that does not catch it. */
    public function render(): JsonResponse
    {
        return new JsonResponse(['code' => -1, 'error' => $this->error, 'msg' => $this->getMessage()], $this->status);
    }
}

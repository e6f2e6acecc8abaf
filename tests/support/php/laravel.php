<?php
// As much of Laravel as examples/laravel uses, for `php -S`: routes, the client for HTTP, notifications, and exceptions that
// render themselves. It knows no .env, no middleware and no queue.

namespace Illuminate\Support\Facades {
    use Illuminate\Http\Client\PendingRequest;

    class Http
    {
        public static function baseUrl(string $url): PendingRequest
        {
            return new PendingRequest($url);
        }
    }

    class Notification
    {
        public static function route(string $channel, $route): \AnonymousNotifiable
        {
            return new \AnonymousNotifiable([$channel => $route]);
        }
    }

    class Route
    {
        public static array $routes = [];

        public static function post(string $path, \Closure $action): void
        {
            self::$routes['#^/api' . preg_replace('/{(\w+)}/', '(?<$1>[^/]+)', $path) . '$#'] = $action;
        }
    }
}

namespace Illuminate\Support {
    class Str
    {
        public static function uuid(): string
        {
            return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex(random_bytes(16)), 4));
        }
    }
}

namespace Illuminate\Notifications {
    class Notification
    {
        public $id;
    }
}

namespace Illuminate\Http {
    class Request
    {
        public function input(string $name)
        {
            return $_POST[$name] ?? null;
        }
    }

    class JsonResponse
    {
        public function __construct(private array $data, private int $status = 200) {}

        public function send(): void
        {
            http_response_code($this->status);
            header('Content-Type: application/json');
            echo json_encode($this->data);
        }
    }
}

namespace Illuminate\Http\Client {
    class ConnectionException extends \Exception {}

    class RequestException extends \Exception
    {
        public function __construct(public Response $response)
        {
            parent::__construct("HTTP request returned status code {$response->status()}");
        }
    }

    class Response
    {
        public function __construct(private int $status, private array $headers, private string $body) {}

        public function status(): int
        {
            return $this->status;
        }

        public function ok(): bool
        {
            return $this->status === 200;
        }

        public function header(string $name): string
        {
            return $this->headers[strtolower($name)] ?? '';
        }

        public function json(string $key)
        {
            return json_decode($this->body, true)[$key] ?? null;
        }
    }

    class PendingRequest
    {
        private array $headers = ['Content-Type: application/json'];
        private int $seconds = 30;
        private array $retry;

        public function __construct(private string $url) {}

        public function when($value, callable $then): static
        {
            return $value ? $then($this, $value) : $this;
        }

        public function withToken(string $token): static
        {
            $this->headers[] = "Authorization: Bearer $token";
            return $this;
        }

        public function timeout(int $seconds): static
        {
            $this->seconds = $seconds;
            return $this;
        }

        public function retry(int $times, \Closure $sleepMilliseconds, callable $when, bool $throw = true): static
        {
            $this->retry = [$times, $sleepMilliseconds, $when];
            return $this;
        }

        public function post(string $path, array $body): Response
        {
            [$times, $wait, $mayPass] = $this->retry;
            for ($attempt = 1; ; $attempt++) {
                $response = $problem = null;
                try {
                    $response = $this->once($path, $body);
                    if ($response->status() < 400) return $response;
                    $problem = new RequestException($response);
                } catch (ConnectionException $problem) {
                }
                if ($attempt === $times || !$mayPass($problem)) return $response ?? throw $problem;
                usleep(1000 * $wait($attempt, $problem));
            }
        }

        private function once(string $path, array $body): Response
        {
            $headers = [];
            $curl = curl_init($this->url . $path);
            curl_setopt_array($curl, [
                CURLOPT_POSTFIELDS => json_encode($body),
                CURLOPT_HTTPHEADER => $this->headers,
                CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$headers): int {
                    [$name, $value] = explode(':', "$line:");
                    $headers[strtolower($name)] = trim($value);
                    return strlen($line);
                },
                CURLOPT_RETURNTRANSFER => true,
                CURLOPT_TIMEOUT => $this->seconds,
            ]);
            $answer = curl_exec($curl);
            if ($answer === false) throw new ConnectionException(curl_error($curl));
            return new Response(curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $headers, $answer);
        }
    }
}

namespace {
    use Illuminate\Http\JsonResponse;
    use Illuminate\Support\Facades\Route;
    use Illuminate\Support\Str;

    class AnonymousNotifiable
    {
        public function __construct(private array $routes) {}

        public function routeNotificationFor(string $channel)
        {
            return $this->routes[$channel] ?? null;
        }

        public function notify(Illuminate\Notifications\Notification $notification): void
        {
            $notification->id = Str::uuid();
            foreach ($notification->via($this) as $channel) made($channel)->send($this, $notification);
        }
    }

    function env(string $name, $default = null)
    {
        return getenv($name) ?: $default;
    }

    function config(string $key)
    {
        [$file, $name] = explode('.', $key);
        return (require getenv('EXAMPLE') . "/config/$file.php")[$name];
    }

    function made(string $class, array $known = []): object
    {
        $constructor = (new ReflectionClass($class))->getConstructor();
        return new $class(...($constructor ? given($constructor, $known) : []));
    }

    function given(ReflectionFunctionAbstract $function, array $known): array
    {
        $value = fn ($parameter) => $known[$parameter->name] ?? made($parameter->getType()->getName());
        return array_map($value, $function->getParameters());
    }

    spl_autoload_register(fn (string $class) => require getenv('EXAMPLE') . '/' . lcfirst(strtr($class, '\\', '/')) . '.php');

    require getenv('EXAMPLE') . '/routes/api.php';
    foreach (Route::$routes as $pattern => $action) {
        if (!preg_match($pattern, parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), $found)) continue;
        try {
            $answer = new JsonResponse($action(...given(new ReflectionFunction($action), $found)));
        } catch (Exception $problem) {
            $answer = $problem->render();
        }
        $answer->send();
    }
}

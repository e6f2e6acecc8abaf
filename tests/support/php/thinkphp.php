<?php
// As much of ThinkPHP as examples/thinkphp uses, for `php -S`: a request, the configuration, JSON, and /controller/action.
// It knows no .env, no routes and no middleware.

namespace think {
    class Config
    {
        public function get(string $name): array
        {
            return require getenv('EXAMPLE') . "/config/$name.php";
        }
    }

    class Request
    {
        public function param(string $name, $default = null)
        {
            [$name, $type] = explode('/', "$name/");
            $value = (array_merge($_GET, $_POST))[$name] ?? $default;
            return $type === 'd' ? (int) $value : $value;
        }
    }
}

namespace think\response {
    class Json
    {
        public function __construct(private array $data, private int $code) {}

        public function send(): void
        {
            http_response_code($this->code);
            header('Content-Type: application/json; charset=utf-8');
            echo json_encode($this->data, JSON_UNESCAPED_UNICODE);
        }
    }
}

namespace {
    function env(string $name, $default = null)
    {
        return $default;
    }

    function json(array $data, int $code = 200): think\response\Json
    {
        return new think\response\Json($data, $code);
    }

    function made(string $class): object
    {
        $constructor = (new ReflectionClass($class))->getConstructor();
        return new $class(...($constructor ? given($constructor) : []));
    }

    function given(ReflectionMethod $method): array
    {
        return array_map(fn ($parameter) => made($parameter->getType()->getName()), $method->getParameters());
    }

    spl_autoload_register(fn (string $class) => require getenv('EXAMPLE') . '/' . strtr($class, '\\', '/') . '.php');

    [, $controller, $action] = explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) . '/index');
    $method = new ReflectionMethod('app\controller\\' . ucfirst($controller), $action);
    $method->invoke(made($method->class), ...given($method))->send();
}

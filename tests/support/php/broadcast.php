<?php
// Laravel's own broadcasting, without an application: `broadcast.php ENV CHANNEL EVENT DATA`. LARAVEL_FRAMEWORK is the folder of its
// framework, PUSHER_PHP that of Pusher's library.

require __DIR__ . '/pusher_libraries.php';
$framework = getenv('LARAVEL_FRAMEWORK');
spl_autoload_register(function ($class) use ($framework) {
    if (!str_starts_with($class, 'Illuminate\\')) {
        return;
    }
    $path = str_replace('\\', '/', substr($class, strlen('Illuminate\\')));
    $places = [$path, ...array_map(
        fn ($part) => preg_replace('~^Support/~', "$part/", $path),
        ['Collections', 'Macroable', 'Conditionable', 'Reflection'],
    )];
    foreach ($places as $place) {
        if (is_file("$framework/src/Illuminate/$place.php")) {
            require "$framework/src/Illuminate/$place.php";
            return;
        }
    }
}, prepend: true); // Debian has an older Laravel.
foreach (['Collections/functions', 'Collections/helpers', 'Support/functions'] as $file) {
    if (is_file("$framework/src/Illuminate/$file.php")) {
        require_once "$framework/src/Illuminate/$file.php";
    }
}
if (!function_exists('array_last')) { // As PHP 8.5 has it.
    function array_last(array $values)
    {
        return $values ? $values[array_key_last($values)] : null;
    }
}

[, $file, $channel, $event, $data] = $argv;
$set = parse_ini_file($file, false, INI_SCANNER_RAW);
function env($name, $default = null)
{
    return $GLOBALS['set'][$name] ?? $default;
}
$app = new Illuminate\Container\Container();
$app['config'] = new Illuminate\Config\Repository(['broadcasting' => require "$framework/config/broadcasting.php"]);
$manager = new Illuminate\Broadcasting\BroadcastManager($app);
$manager->connection($manager->getDefaultDriver())->broadcast([$channel], $event, json_decode($data, true));

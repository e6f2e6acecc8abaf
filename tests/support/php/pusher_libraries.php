<?php
// What composer would have written for the libraries of Pusher and webman, whose folders PUSHER_PHP and WEBMAN_PUSH name, and for
// what Debian has.

foreach (['GuzzleHttp/autoload.php', 'Psr/Log/autoload.php'] as $file) {
    if (stream_resolve_include_path($file)) {
        require_once $file;
    }
}
spl_autoload_register(function ($class) {
    $folders = ['Pusher\\' => getenv('PUSHER_PHP'), 'Webman\\Push\\' => getenv('WEBMAN_PUSH'), '' => '/usr/share/php'];
    foreach ($folders as $start => $folder) {
        $path = $folder . '/' . str_replace('\\', '/', substr($class, strlen($start))) . '.php';
        if (str_starts_with($class, $start) && is_file($path)) {
            require $path;
            return;
        }
    }
});

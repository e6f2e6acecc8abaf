<?php
// Listens to all of its arguments, and has no code for pings. WORKERMAN is where Workerman 4 is.

use Workerman\Connection\AsyncTcpConnection;
use Workerman\Worker;

spl_autoload_register(function ($name) {
    @include getenv('WORKERMAN') . strtr(substr($name, 9), '\\', '/') . '.php';
});

$urls = array_splice($argv, 1);
$argv[] = 'start';
Worker::$pidFile = tempnam(sys_get_temp_dir(), 'pid');
Worker::$logFile = Worker::$stdoutFile = '/dev/null';
$worker = new Worker();
$worker->onWorkerStart = function () use ($urls) {
    foreach ($urls as $url) {
        $given = ['ssl' => ['cafile' => getenv('CERTIFICATE')]];
        $connection = new AsyncTcpConnection(preg_replace('/^wss/', 'ws', $url), $given);
        if (str_starts_with($url, 'wss')) $connection->transport = 'ssl';
        $connection->onError = fn ($connection, $code, $problem) => print("$url $problem\n");
        $connection->connect();
    }
};
Worker::runAll();

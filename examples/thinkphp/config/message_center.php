<?php
// The same names in .env. Of the environment, env() of ThinkPHP sees only what begins with PHP_.

return [
    'url'   => env('MESSAGE_CENTER_URL', getenv('MESSAGE_CENTER_URL') ?: 'http://127.0.0.1:2346'),
    'token' => env('MESSAGE_CENTER_TOKEN', getenv('MESSAGE_CENTER_TOKEN') ?: ''),
];

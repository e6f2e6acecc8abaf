<?php

return [
    'url' => env('MESSAGE_CENTER_URL', 'http://127.0.0.1:2346'),
    'token' => env('MESSAGE_CENTER_TOKEN'),
];

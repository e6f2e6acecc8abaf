<?php
// Runs the files of the command line with Laravel's own HTTP client and its facade, without an application.

require 'Illuminate/Http/autoload.php';
require 'GuzzleHttp/autoload.php';

Illuminate\Support\Facades\Http::swap(new Illuminate\Http\Client\Factory());

foreach (array_slice($argv, 1) as $file) {
    eval(file_get_contents($file));
}

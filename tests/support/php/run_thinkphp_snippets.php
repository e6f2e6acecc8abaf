<?php
// Calls the controllers in the files of the command line as ThinkPHP does: what they return is the body of the answer.
// Unrealistic: of the framework there is the base class alone, without an application and a request.

namespace app {
    abstract class BaseController
    {
    }
}

namespace {
    foreach (array_slice($argv, 1) as $file) {
        require $file;
        echo (new \app\controller\Center())->push(), "\n";
    }
}

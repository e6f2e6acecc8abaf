<?php
declare(strict_types=1);

namespace app\controller;

use app\service\MessageCenter;
use think\Request;
use think\response\Json;

class Push
{
    /** /push?content=hello: to everybody, with the answers of the original. Decide who may: here, everybody. */
    public function index(Request $request, MessageCenter $center): Json
    {
        [$status, $answer] = $center->push($request->param('content', ''));
        return json($answer, $status);
    }

    /** /push/paid?order=1024&user=42: to the user, and to all who listen to orders. Asked for twice, it arrives once. */
    public function paid(Request $request, MessageCenter $center): Json
    {
        $order = $request->param('order/d');
        $to = ['channels' => ['orders'], 'users' => [$request->param('user/d')]];
        [$status, $answer] = $center->push("order $order is paid", $to, "order-$order-paid");
        return json($answer, $status);
    }
}

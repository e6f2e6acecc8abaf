<?php

use App\Notifications\OrderPaid;
use App\Services\MessageCenter;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Notification;
use Illuminate\Support\Facades\Route;

// To everybody. Decide who may: here, everybody.
Route::post('/push', function (Request $request, MessageCenter $center) {
    $center->push((string) $request->input('content'));

    return ['code' => 0, 'msg' => 'success'];
});

// To a user, as a notification; with a model, it is $user->notify(new OrderPaid($order)). And to all who listen to orders.
Route::post('/orders/{order}/paid', function (int $order, Request $request, MessageCenter $center) {
    Notification::route('messageCenter', $request->input('user'))->notify(new OrderPaid($order));
    $center->push("order $order is paid", ['channels' => ['orders']], "order-$order-paid"); // Asked for twice, it arrives once.

    return ['code' => 0, 'msg' => 'success'];
});

<?php

namespace App\Notifications;

use Illuminate\Notifications\Notification;

class OrderPaid extends Notification
{
    public function __construct(private int $order) {}

    public function via(object $notifiable): array
    {
        return [MessageCenterChannel::class]; // Besides 'mail', 'database', ...
    }

    public function toMessageCenter(object $notifiable): string
    {
        return "order {$this->order} is paid";
    }
}

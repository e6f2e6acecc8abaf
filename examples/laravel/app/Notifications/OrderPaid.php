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

    /** Text, or what pages get as a value where they listen in JSON. */
    public function toMessageCenter(object $notifiable): array
    {
        return ['order' => $this->order, 'paid' => true];
    }
}

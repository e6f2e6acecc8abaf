<?php

namespace App\Notifications;

use App\Services\MessageCenter;
use Illuminate\Notifications\Notification;

/** Takes a notification to the pages of its user, while they are open. */
class MessageCenterChannel
{
    public function __construct(private MessageCenter $center) {}

    public function send(object $notifiable, Notification $notification): void
    {
        $user = $notifiable->routeNotificationFor('messageCenter', $notification) ?? $notifiable->getKey();
        // Laravel gives each notification an id. A queued job that is run again has the same.
        $this->center->push($notification->toMessageCenter($notifiable), ['users' => [$user]], $notification->id);
    }
}

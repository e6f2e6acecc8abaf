export type PusherApiMessage = any;

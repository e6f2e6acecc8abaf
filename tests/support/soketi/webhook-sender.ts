import { createHmac } from 'crypto';

export const createWebhookHmac = (text: string, secret: string): string =>
    createHmac('sha256', secret).update(text).digest('hex');

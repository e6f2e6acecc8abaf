// What soketi's tests start instead of soketi: the way to an HTTP API and a WebSocket server of ours, with their settings.
import { createHmac } from 'crypto';
import http from 'http';
import net from 'net';

const Backend = require('pusher');

const APP = 'appManager.array.apps.0.';
const wait = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

/** A setting of theirs that one of ours has, as ours. What has none is left out, and its test fails. */
function settingsOf(options: any): { [name: string]: any } {
    const bytes = (kilobytes: number) => Math.max(1, Math.floor(kilobytes * 1024));
    const id = options[`${APP}id`] || 'app-id';
    const isThere = options[`${APP}enabled`] !== false;
    const body = options['httpApi.requestLimitInMb'] && bytes(options['httpApi.requestLimitInMb'] * 1024);
    const found = {
        PUSHER_APPS: isThere ? `${id}:app-key:app-secret` : 'other:other-key:other-secret',
        MAX_CONNECTIONS: options[`${APP}maxConnections`],
        MAX_CHANNELS: options['eventLimits.maxChannelsAtOnce'],
        MAX_CONTENT_BYTES: body || (options['eventLimits.maxPayloadInKb'] && bytes(options['eventLimits.maxPayloadInKb'])),
        MAX_BODY_BYTES: body,
    };
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** The ports of our processes with these settings: they are started once, and stay until the last test. */
function startedWith(settings: any, at: number): Promise<{ http: number, ws: number, hook: number }> {
    const body = JSON.stringify({ settings, at });
    return new Promise((resolve, reject) => {
        const headers = { 'Content-Length': Buffer.byteLength(body) };
        http.request(process.env.STARTER, { method: 'POST', headers }, res => {
            const parts = [];
            res.on('data', part => parts.push(part)).on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())));
        }).on('error', reject).end(body);
    });
}

export class Server {
    public options: any;
    public adapter: Adapter;
    private servers: net.Server[] = [];
    private sockets = new Set<net.Socket>();

    constructor(options: any) {
        const prefix = options['adapter.redis.prefix'];
        this.options = {
            port: options.port || 6001,
            cache: { driver: 'memory' },
            adapter: { redis: { prefix }, nats: { prefix } },
            cluster: { prefix, port: 0 },
            appManager: { array: { apps: [{ id: options[`${APP}id`] || 'app-id', key: 'app-key', secret: 'app-secret' }] } },
            given: options,
        };
        this.adapter = new Adapter(this.options.port);
    }

    async start(callback: (server: Server) => void): Promise<void> {
        const webhooks = this.options.given[`${APP}webhooks`];
        const ports = await startedWith({ ...settingsOf(this.options.given), hasWebhooks: !!webhooks }, this.options.port);
        if (webhooks) this.relayWebhooks(webhooks, ports.hook);
        await this.listen(ports.http, ports.ws);
        this.adapter.begin();
        callback(this);
    }

    async stop(): Promise<void> {
        this.adapter.stop();
        const closed = this.servers.map(server => new Promise(resolve => server.close(resolve)));
        this.sockets.forEach(socket => socket.destroy());
        await Promise.all(closed);
    }

    /** One address for both, as a proxy in front of them has it. */
    private listen(httpPort: number, wsPort: number): Promise<void> {
        const server = net.createServer(socket => {
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
            socket.once('data', head => {
                const port = /^GET \/([^ ?]*\/)?app\//.test(head.toString('latin1')) ? wsPort : httpPort;
                const there = net.connect(port, '127.0.0.1');
                there.on('error', () => socket.destroy()).on('close', () => socket.destroy());
                socket.on('close', () => there.destroy());
                there.write(head);
                socket.pipe(there).pipe(socket);
            });
        });
        this.servers.push(server);
        return new Promise(resolve => server.listen(this.options.port, '127.0.0.1', () => resolve()));
    }

    /** Their webhooks are of some kinds of events, and each request has one event. Ours have all that there is. */
    private relayWebhooks(webhooks: any[], port: number): void {
        const server = http.createServer((req, res) => {
            res.setHeader('Connection', 'close');
            const parts = [];
            req.on('data', part => parts.push(part)).on('end', async () => {
                const said = JSON.parse(Buffer.concat(parts).toString());
                for (const event of said.events) {
                    for (const { url, event_types } of webhooks) {
                        if (url && event_types.includes(event.name)) await postEvent(url, said.time_ms, event);
                    }
                }
                res.end('ok');
            });
        });
        this.servers.push(server.listen(port, '127.0.0.1'));
    }
}

function postEvent(url: string, time_ms: number, event: any): Promise<void> {
    const body = JSON.stringify({ time_ms, events: [event] });
    const headers = {
        'Content-Type': 'application/json',
        'X-Pusher-Key': 'app-key',
        'X-Pusher-Signature': createHmac('sha256', 'app-secret').update(body).digest('hex'),
    };
    return new Promise(resolve => {
        const request = http.request(url, { method: 'POST', headers }, res => res.resume().on('end', () => resolve()));
        request.on('error', () => resolve()).end(body);
    });
}

/** What their tests ask of the inside of a server, answered by the HTTP API: after two seconds, when all numbers are written. */
class Adapter {
    private backend: any;
    private known = { sockets: new Map(), channels: new Map() };
    private asking: any;

    constructor(port: number) {
        this.backend = new Backend({ appId: 'app-id', key: 'app-key', secret: 'app-secret', host: '127.0.0.1', port });
    }

    /** It answers at once: what was true a moment ago. */
    getNamespace(): any {
        return this.known;
    }

    async watch(): Promise<void> {
        const [{ connections }, { channels }] = await Promise.all([this.ask('/connections'), this.ask('/channels')]);
        const of = { subscribedChannels: { size: Object.keys(channels).length }, presence: { size: 0 } };
        const presence = Object.keys(channels).filter(name => name.startsWith('presence-'));
        of.presence.size = presence.length;
        this.known = {
            sockets: new Map(Array.from({ length: connections }, (_, at) => [`${at}`, of])),
            channels: new Map(Object.entries(channels)),
        };
    }

    async getSockets(): Promise<{ size: number }> {
        await wait(2000);
        return { size: (await this.ask('/connections')).connections };
    }

    async getChannelSockets(_: string, channel: string): Promise<{ size: number }> {
        await wait(2000);
        return { size: (await this.ask(`/channels/${channel}`)).subscription_count };
    }

    async getChannelMembers(_: string, channel: string): Promise<{ size: number }> {
        await wait(2000);
        return { size: (await this.ask(`/channels/${channel}`)).user_count };
    }

    stop(): void {
        clearInterval(this.asking);
    }

    begin(): void {
        this.asking = setInterval(() => this.watch().catch(() => undefined), 200);
    }

    private async ask(path: string): Promise<any> {
        return (await this.backend.get({ path })).json();
    }
}

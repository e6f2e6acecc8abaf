/** What was pushed. */
export interface Message<Content = unknown> {
  /** To go on after: `options.lastId` of another client. Ids cannot be compared. */
  id: string;
  /** Through which of the client's channels it came; null: it was for everybody. */
  channel: string | null;
  /** Text, unless the backend pushed another JSON value. */
  content: Content;
  /** When it entered the log, in milliseconds since 1970. */
  time: number;
  /** Its name, if it was pushed with one. */
  event?: string;
  /** The backend wants to know who has got it: the client confirms it when your handlers have had it. */
  receipt?: true;
}

/** Some messages cannot be had any more: load what the page shows anew. */
export interface Gap {
  type: "gap";
  id: string;
  after: string | null;
  reason: string;
}

export type State = "connecting" | "connected" | "waiting" | "closed";

export interface StateChange {
  state: State;
  /** Of "connected", in the tab that has the connection: nothing was missed. */
  complete?: boolean;
  /** Of "waiting": why, and how many milliseconds until the next try. */
  code?: number;
  reason?: string;
  wait?: number;
}

/** It does not come back: a close code, a status of HTTP (400, 401, 403), or 0 if the address cannot be. */
export interface Closed {
  code: number;
  reason: string;
}

/** A change of channels was refused, and nothing has changed. */
export interface Refusal {
  type: "error";
  error: string;
  reason: string;
}

export interface Events<Content = unknown> {
  message: Message<Content>;
  gap: Gap;
  state: StateChange;
  closed: Closed;
  error: Refusal;
}

/** As much of a WebSocket as the client uses. It sets `onmessage`, `onclose` and `onerror`. */
export interface SocketLike {
  onmessage: any; // Called with { data: string }.
  onclose: any; // Called with { code?: number, reason?: string }.
  onerror?: any; // May be called where no close follows: when it does not open.
  send(text: string): void;
  close(): void;
}

export interface Options {
  /** Left out: all that the token grants. Without a token: only what is for everybody. */
  channels?: readonly string[];
  /** A function is called before each connect, also when a token has expired. */
  token?: string | (() => string | Promise<string>);
  /** Go on after this message. */
  lastId?: string;
  /** Begin with so many of the newest messages, 1000 at most. */
  last?: number;
  /**
   * One connection for all tabs with the same address, channels, `last` and `share`. With a token it must
   * be said whose it is, such as the id of the user; otherwise such a tab has a connection of its own.
   */
  share?: boolean | string;
  /** Instead of `new WebSocket`: for mini-programs, for example. */
  socket?: (url: string, protocols: string[]) => SocketLike;
  /** Milliseconds before the first try to come back: from a fifth of that to all of it, by chance. Default 2500. */
  firstWait?: number;
  /** This bound doubles with each try, up to this. Default 30000. */
  maxWait?: number;
  /** Milliseconds between two looks whether the connection lives. Default 30000. */
  pulse?: number;
}

export interface Client<Content = unknown> {
  /** Returns a function that ends it. */
  on<Type extends keyof Events>(type: Type, handler: (event: Events<Content>[Type]) => void): () => void;
  subscribe(...channels: string[]): void;
  unsubscribe(...channels: string[]): void;
  /** Look at once whether the connection lives: when a mini-program is shown again. */
  wake(): void;
  /** For good. */
  close(): void;
  readonly state: State;
  readonly lastId: string;
  /**
   * The id of the connection, another one after each cut: what a backend pushes with it as `except` does not come
   * here. Empty while there is none, and where tabs share one: they would all miss it.
   */
  readonly connection: string;
}

/** `url` begins with ws, wss, http or https, or is relative to the page. */
export function connect<Content = unknown>(url: string, options?: Options): Client<Content>;

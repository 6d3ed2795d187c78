import net, { type Socket } from 'node:net';

/** How long the other side then refuses connections: longer than the first pause of kafkajs, shorter than the rest. */
const AWAY_MS = 500;

/** How a connection ends under a client: the kernel of a killed server sends FIN, or RST when something was unread. */
export type Cut = 'closed' | 'reset';

/**
 * Cuts this process's TCP connections to `port` when the `nth` request (from 1) is written over them, as a server does
 * that restarts, and refuses new ones for half a second. Once only. `restore` ends it.
 */
export class CutConnections {
  /** Whether the request came, and was cut off. */
  cut = false;
  /** Requests written so far. */
  requests = 0;
  readonly #sockets = new Set<Socket>();
  readonly #connect = net.connect;
  #awayUntil = 0;

  constructor(
    port: number,
    private readonly nth: number,
    private readonly how: Cut,
  ) {
    const connect = this.#connect as (...args: unknown[]) => Socket;
    net.connect = ((options: { host: string; port: number }, onConnect?: () => void) => {
      if (options.port !== port) return connect(options, onConnect);
      if (Date.now() < this.#awayUntil) {
        // A port that nobody listens on: the same error as that of a server which is not there.
        return connect({ ...options, port: 9 }, onConnect);
      }
      return this.#watched(connect(options, onConnect));
    }) as typeof net.connect;
  }

  /** No connection is watched any more; those that a client forgot are ended. */
  restore(): void {
    net.connect = this.#connect;
    for (const open of this.#sockets) this.#end(open);
  }

  #watched(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      this.requests += 1;
      if (this.requests === this.nth) {
        this.cut = true;
        this.#awayUntil = Date.now() + AWAY_MS;
        for (const open of this.#sockets) this.#end(open);
        return false;
      }
      return write(...args);
    };
    return socket;
  }

  #end(socket: Socket): void {
    if (this.how === 'closed') socket.push(null);
    else socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }
}

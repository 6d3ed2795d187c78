/** The WebSocket client that Mercurius brings; Node 20 has none of its own. */
declare module 'ws' {
  export default class WebSocket {
    close(): void;
    constructor(
      address: string,
      protocols: string[],
      options: { readonly headers: Readonly<Record<string, string>> },
    );
  }
}

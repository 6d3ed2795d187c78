// A server that this run started is stopped again; one that was running before is left to whoever started it.
export default function tearDown() {
  globalThis.stopTestDatabase?.();
}

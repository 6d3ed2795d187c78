import { createRequire } from 'node:module';

/** The part of kafkajs' request queue that is replaced, and what the replacement reads. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** How soon waiting requests are looked at again when nothing throttles them. As in kafkajs. */
const CHECK_INTERVAL_MS = 10;

/**
 * kafkajs 2.2.4 re-arms a timer with a delay below one millisecond for as long as a connection is open, which costs an
 * idle consumer 4 % of a core. This schedules the check only when there is something to check: requests that wait, or
 * a throttle that ends. Reaches into the package, so the version is pinned exactly. Idempotent.
 */
export function calmRequestQueue(): void {
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  prototype.scheduleCheckPendingRequests = scheduleWhenNeeded;
}

/** Replaces RequestQueue.scheduleCheckPendingRequests. */
export function scheduleWhenNeeded(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null) return;
  const throttledMs = this.throttledUntil - Date.now();
  if (throttledMs <= 0 && this.pending.length === 0) return;
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : CHECK_INTERVAL_MS,
  );
}

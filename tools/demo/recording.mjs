// Plays a recorded session through the real doors: bodies and delivery ids as recorded, deliveries signed anew
// with the source's secret and the current time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signMlflow } from './api.mjs';

/** Opens the recording in `folder`. `post` is what sends one request (kind, body, headers) to a door. */
export function openRecording(folder) {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const before = new Map(index.markers.map((marker) => [marker.name, marker.before]));
  let next = 0;
  return {
    counts: index.counts,
    /** Entries from here up to the marker's phase, in order of arrival. */
    *upTo(marker) {
      if (!before.has(marker)) throw new Error(`the recording has no marker ${marker}`);
      const stop = before.get(marker);
      while (next < index.entries.length && index.entries[next].file !== stop) {
        const entry = index.entries[next];
        next += 1;
        yield { ...entry, body: readFileSync(join(folder, entry.file)) };
      }
    },
  };
}

/** Sends recorded requests to the doors of one tenant. Counts what the doors answered. */
export function createPlayer({ webhookUrl, secret, lineageUrl, lineageToken }) {
  const counts = { mlflow: 0, openlineage: 0, quarantined: 0 };
  return {
    counts,
    async play(entry) {
      const answer = entry.kind === 'mlflow' ? await deliver(entry) : await sendLineage(entry);
      const text = await answer.text();
      if (answer.status !== 202) {
        throw new Error(`${entry.file} (${entry.kind}) was answered ${answer.status}: ${text}`);
      }
      counts[entry.kind] += 1;
      const result = JSON.parse(text);
      if (result.quarantined) counts.quarantined += 1;
      return result;
    },
  };

  function deliver(entry) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    return fetch(webhookUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-mlflow-delivery-id': entry.deliveryId,
        'x-mlflow-timestamp': timestamp,
        'x-mlflow-signature': signMlflow(secret, entry.deliveryId, timestamp, entry.body),
      },
      body: entry.body,
    });
  }

  async function sendLineage(entry) {
    const contentType = entry.headers.find(([name]) => name.toLowerCase() === 'content-type');
    return fetch(lineageUrl, {
      method: 'POST',
      headers: {
        'content-type': contentType?.[1] ?? 'application/json',
        authorization: `Bearer ${await lineageToken()}`,
      },
      body: entry.body,
    });
  }
}

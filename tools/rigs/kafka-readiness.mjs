// Is the port free, and does a broker answer there? Speaks the two oldest requests of the Kafka protocol by hand.
import { readFileSync } from 'node:fs';
import net from 'node:net';

export const HOST = '127.0.0.1';

export function portIsFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Sends one Kafka request over a new connection and resolves to the response body. */
function request(port, apiKey, apiVersion, body, timeoutMs = 2000) {
  return new Promise((resolve, reject) => {
    const header = Buffer.alloc(14);
    header.writeInt32BE(10 + body.length, 0); // size of what follows
    header.writeInt16BE(apiKey, 4);
    header.writeInt16BE(apiVersion, 6);
    header.writeInt32BE(1, 8); // correlation id
    header.writeInt16BE(-1, 12); // no client id
    const socket = net.connect({ host: HOST, port });
    let received = Buffer.alloc(0);
    const fail = (error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => fail(new Error('timed out')));
    socket.on('error', fail);
    socket.on('close', () => reject(new Error('connection closed')));
    socket.on('connect', () => socket.write(Buffer.concat([header, body])));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(8)); // after size and correlation id
      socket.destroy();
    });
  });
}

const API_METADATA = 3;
const API_VERSIONS = 18;

/** True when the broker answers requests and counts itself as a live broker. */
export async function isReady({ port, sasl, log }) {
  try {
    const versions = await request(port, API_VERSIONS, 0, Buffer.alloc(0));
    if (versions.readInt16BE(0) !== 0) return false;
    // Behind SASL only ApiVersions may be asked without logging in.
    if (sasl) return readFileSync(log, 'latin1').includes('Kafka Server started');
    const noTopics = Buffer.from([0, 0, 0, 0, 0]); // empty list, no auto-creation
    const metadata = await request(port, API_METADATA, 4, noTopics);
    return metadata.readInt32BE(4) > 0; // after throttle time: number of brokers
  } catch {
    return false;
  }
}

// A client in a process of its own, so that it does not share the server's event loop. Speaks HTTP/1.1 over plain
// sockets: an HTTP library would cost more per request than the server that is measured.
// Messages in: { prepare: { secret, runs, requests } } once, then { run: { port, path, concurrency } } per run.
// Messages out: { prepared }, then { done: { answered, wrong } } per run.
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';

const batches = [];

process.on('message', (message) => {
  if (message.prepare !== undefined) {
    prepare(message.prepare);
    process.send({ prepared: true });
  } else {
    run(message.run).then((done) => process.send({ done }));
  }
});

/** Signed deliveries, each with an id of its own, as MLflow writes them. */
function prepare({ requests, runs, secret }) {
  for (let batch = 0; batch < runs; batch += 1) {
    // Workers take from the end: the oldest has to stand there.
    batches.push(
      Array.from({ length: requests }, (_, at) => delivery(secret, batch, at)).reverse(),
    );
  }
}

function delivery(secret, batch, at) {
  const id = `bench-${batch}-${at}`;
  const now = new Date();
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const body = JSON.stringify({
    entity: 'model_version_tag',
    action: 'set',
    timestamp: now.toISOString(),
    data: { name: `model-${at % 500}`, version: '1', key: 'validation.accuracy', value: id },
  });
  const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = [
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `X-MLflow-Delivery-Id: ${id}`,
    `X-MLflow-Timestamp: ${timestamp}`,
    `X-MLflow-Signature: v1,${mac}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(` HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
}

async function run({ concurrency, path, port }) {
  const waiting = batches.shift();
  const line = Buffer.from(`POST ${path}`);
  const counts = { answered: 0, wrong: 0 };
  await Promise.all(
    Array.from({ length: concurrency }, () => worker({ counts, line, port, waiting })),
  );
  return counts;
}

/** One keep-alive connection: the next request goes out when the answer to the last one is in. */
function worker({ counts, line, port, waiting }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    const next = () => {
      const request = waiting.pop();
      if (request === undefined) socket.end(resolve);
      else socket.write(Buffer.concat([line, request]));
    };
    socket.setEncoding('latin1');
    socket.on('connect', next);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received += chunk;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      counts.answered += 1;
      if (!received.startsWith('HTTP/1.1 202')) counts.wrong += 1;
      received = '';
      next();
    });
  });
}

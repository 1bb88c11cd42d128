// The API's process: routes, start, orderly end.
import { createServer } from 'node:http';
import { readConfig } from './config.js';
import { Database, isUnavailable } from './database.js';
import { HttpError, readJson, sendJson } from './http.js';
import { log, describeError } from './log.js';
import { migrate } from './migrations.js';
import { addOrder, getOrder, listOrders, orderStats } from './orders.js';
import { describeTask } from './task.js';

const config = readConfig();
const database = new Database(config.database);
const started = Date.now();
const stopping = new AbortController();
let ready = false;
const task = await describeTask(config.metadata);

// For the load balancer: does this process serve? The database is deliberately not asked: if it were, a database
// that stumbles would take down every task at once. Before the schema is there, the answer is "not yet".
function health(response) {
  const status = ready && !stopping.signal.aborted ? 200 : 503;
  sendJson(response, status, { status: status === 200 ? 'ok' : 'starting', uptimeMs: Date.now() - started });
}

async function records(request, response, url) {
  if (request.method === 'POST') {
    const body = await readJson(request);
    const { record, created } = await addOrder(database, body, request.headers['idempotency-key']);
    return sendJson(response, created ? 201 : 200, { record, created }, { location: `/api/records/${record.id}` });
  }
  return sendJson(response, 200, await listOrders(database, url.searchParams));
}

const ROUTES = [
  { pattern: /^\/api\/health$/, methods: ['GET', 'HEAD'], run: (_, response) => health(response) },
  { pattern: /^\/api\/records$/, methods: ['GET', 'HEAD', 'POST'], data: true, run: records },
  {
    pattern: /^\/api\/records\/stats$/,
    methods: ['GET', 'HEAD'],
    data: true,
    run: async (_, response, url) => sendJson(response, 200, await orderStats(database, url.searchParams)),
  },
  {
    pattern: /^\/api\/records\/(\d{1,15})$/,
    methods: ['GET', 'HEAD'],
    data: true,
    run: async (_, response, url, [, id]) =>
      sendJson(response, 200, await getOrder(database, Number(id), url.searchParams)),
  },
  {
    pattern: /^\/api\/info$/,
    methods: ['GET', 'HEAD'],
    run: async (_, response) =>
      sendJson(response, 200, {
        task,
        version: config.version,
        node: process.version,
        database: await database.servers(),
      }),
  },
];

async function answer(request, response) {
  const url = new URL(request.url, 'http://api');
  for (const route of ROUTES) {
    const match = route.pattern.exec(url.pathname);
    if (!match) continue;
    if (!route.methods.includes(request.method)) {
      response.setHeader('allow', route.methods.join(', '));
      throw new HttpError(405, 'MethodNotAllowed', `${request.method} is not for ${url.pathname}.`);
    }
    if (route.data && !ready) throw new HttpError(503, 'Starting', 'The database is not ready yet. Try again.');
    return route.run(request, response, url, match);
  }
  throw new HttpError(404, 'NotFound', `There is nothing at ${url.pathname}.`);
}

function answerError(response, error) {
  if (response.headersSent) return response.destroy();
  if (error instanceof HttpError) {
    return sendJson(response, error.status, {
      error: { code: error.code, message: error.message, field: error.field },
    });
  }
  log('error', 'request failed', { ...describeError(error), stack: error.stack });
  const status = isUnavailable(error) ? 503 : 500;
  const message = status === 503 ? 'The database cannot be reached. Try again.' : 'Something went wrong here.';
  return sendJson(response, status, { error: { code: status === 503 ? 'Unavailable' : 'Internal', message } });
}

const server = createServer(async (request, response) => {
  const begun = process.hrtime.bigint();
  response.setHeader('x-served-by', `${task.id} ${task.zone}`);
  if (stopping.signal.aborted) response.setHeader('connection', 'close');
  response.on('close', () => {
    if (request.url === '/api/health' && response.statusCode === 200) return;
    log('info', 'request', {
      method: request.method,
      path: request.url,
      status: response.statusCode,
      ms: Number(process.hrtime.bigint() - begun) / 1e6,
      trace: request.headers['x-amzn-trace-id'],
      finished: response.writableFinished,
    });
  });
  try {
    await answer(request, response);
  } catch (error) {
    answerError(response, error);
  }
});

// A load balancer reuses connections: it must be the one that closes them (its idle time-out is 60 s).
server.keepAliveTimeout = 75_000;
server.headersTimeout = 80_000;
server.requestTimeout = 60_000;

async function stop(signal) {
  if (stopping.signal.aborted) return;
  log('info', 'stopping', { signal });
  stopping.abort();
  setTimeout(() => process.exit(1), 25_000).unref(); // Fargate kills after 30 s.
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  await database.close();
  log('info', 'stopped');
  process.exit(0);
}
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));

server.listen(config.port, () => {
  log('info', 'listening', { port: config.port, task: task.id, zone: task.zone, version: config.version });
});
ready = await migrate(database, stopping.signal);
if (ready) log('info', 'ready', { ms: Date.now() - started });

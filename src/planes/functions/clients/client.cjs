// The runtime client of Node.js functions: started before its function is known, it waits for a
// claim, loads the handler, and then speaks the Lambda Runtime API (2018-06-01) over a Unix socket.
// Errors, log formats, the context object and callbacks are those of AWS's runtimes.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const { pathToFileURL } = require('url');

const SOCKET = '/run/lambda/api.sock';
const MOST_RESPONSE = 6 * 1024 * 1024 + 100;
const NEXT = Buffer.from('GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n');
const MAJOR = Number(process.versions.node.split('.')[0]);

// What is used after the user's code ran is taken before it.
const exit = process.exit.bind(process);

// HTTP/1.1 on one connection. An answer and the question for more leave in one write.
class Api {
  constructor() {
    this.socket = null;
    this.pieces = [];
    this.size = 0;
    this.waiting = [];
  }

  send(...parts) {
    if (!this.socket) {
      this.socket = net.connect(SOCKET);
      this.socket.on('data', (piece) => this.take(piece));
      this.socket.on('error', (error) => this.fail(error));
      this.socket.on('close', () => this.fail(new Error('the Runtime API closed the connection')));
    }
    this.socket.write(parts.length === 1 ? parts[0] : Buffer.concat(parts));
  }

  fail(error) {
    process.stderr.write(`${error.message}\n`);
    exit(1);
  }

  take(piece) {
    this.pieces.push(piece);
    this.size += piece.length;
    if (this.need && this.size < this.need) return;
    let buffer = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces);
    for (;;) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) break;
      const lines = buffer.latin1Slice(0, end).split('\r\n');
      const headers = {};
      for (const line of lines.slice(1)) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      const whole = end + 4 + Number(headers['content-length'] || 0);
      this.need = whole;
      if (buffer.length < whole) break;
      this.need = 0;
      const body = buffer.toString('utf8', end + 4, whole);
      buffer = buffer.subarray(whole);
      const status = Number(lines[0].split(' ')[1]);
      const next = this.waiting.shift();
      if (next) next({ status, headers, body });
    }
    this.pieces = buffer.length ? [buffer] : [];
    this.size = buffer.length;
  }

  receive(callback) {
    this.waiting.push(callback);
  }

  hold(alive) {
    if (alive) this.socket.ref();
    else this.socket.unref();
  }
}

function post(url, body, headers) {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`POST ${url} HTTP/1.1\r\nHost: lambda\r\nContent-Type: application/json\r\n` +
      `${headers || ''}Content-Length: ${bytes.length}\r\n\r\n`, 'latin1'),
    bytes]);
}

// ---- The log: a record is one event, its newlines travel as carriage returns.
let requestId;

function write(bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;  // Full: the log takes it in a moment.
    }
  }
}

function setUpConsole() {
  const record = (level, parts) => {
    const text = util.format(...parts).replace(/\n/g, '\r');
    write(Buffer.from(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`));
  };
  console.log = (...parts) => record('INFO', parts);
  console.info = (...parts) => record('INFO', parts);
  console.debug = (...parts) => record('DEBUG', parts);
  console.warn = (...parts) => record('WARN', parts);
  console.error = (...parts) => record('ERROR', parts);
  console.fatal = (...parts) => record('FATAL', parts);
  console.trace = (...parts) => {
    const here = new Error(util.format(...parts));
    here.name = 'Trace';
    record('TRACE', [here.stack]);
  };
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function errorDocument(error) {
  if (!isError(error))
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return {
    errorType: error.name && error.name !== 'Error' ? error.name
      : (error.constructor && error.constructor.name) || 'Error',
    errorMessage: error.message,
    trace: String(error.stack || '').split('\n'),
  };
}

function logError(title, error) {
  const document = errorDocument(error);
  const full = { errorType: document.errorType, errorMessage: document.errorMessage };
  if (isError(error))
    for (const [name, value] of Object.entries(error)) if (name !== 'name') full[name] = value;
  full.stack = document.trace;
  let text;
  try {
    text = JSON.stringify(full);
  } catch (circular) {
    text = JSON.stringify({ ...document, trace: undefined, stack: document.trace });
  }
  console.error(`${title}\t${text}`);
}

function fault(name, message, trace) {
  const error = new Error(message);
  error.name = name;
  if (trace) error.stack = trace;
  else error.stack = `${name}: ${message}` + String(error.stack).slice(String(error.stack)
    .indexOf('\n'));
  return error;
}

// ---- Loading the handler
function isPath(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile();
}

function packageType(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (isPath(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8')).type;
      } catch (error) {
        return undefined;
      }
    }
    if (at === path.dirname(at)) return undefined;
  }
}

async function loadModule(root, moduleRoot, moduleName) {
  const base = path.resolve(root, moduleRoot, moduleName);
  if (isPath(base)) return require(base);
  if (isPath(`${base}.js`)) {
    if (packageType(path.dirname(base)) === 'module')
      return import(pathToFileURL(`${base}.js`).href);
    return require(`${base}.js`);
  }
  if (isPath(`${base}.mjs`)) return import(pathToFileURL(`${base}.mjs`).href);
  if (isPath(`${base}.cjs`)) return require(`${base}.cjs`);
  const found = require.resolve(moduleName, { paths: [root, path.resolve(root, moduleRoot)] });
  return require(found);
}

async function loadHandler(root, name) {
  if (name.includes('..'))
    throw fault('Runtime.MalformedHandlerName',
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const moduleAndHandler = path.basename(name);
  const moduleRoot = name.slice(0, name.length - moduleAndHandler.length);
  const match = moduleAndHandler.match(/^([^.]*)\.(.*)$/);
  if (!match || match.length !== 3) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = await loadModule(root, moduleRoot, match[1]);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw fault('Runtime.UserCodeSyntaxError', String(error), error.stack);
    if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND'))
      throw fault('Runtime.ImportModuleError', String(error), error.stack);
    throw error;
  }
  const resolve = (from) => match[2].split('.')
    .reduce((value, part) => (value === undefined || value === null ? undefined : value[part]),
      from);
  const handler = resolve(loaded) ?? resolve(loaded.default);
  if (!handler)
    throw fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function')
    throw fault('Runtime.HandlerNotFound', `${name} is not a function`);
  if (MAJOR >= 24 && handler.length >= 3)
    throw fault('Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. ' +
      'You need to modify this function to use a supported handler signature to use Node.js 24 or later.');
  return handler;
}

// ---- One invocation
function makeContext(headers, finish) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'] || 0);
  const json = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: json(headers['lambda-runtime-client-context']),
    identity: json(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    ...(MAJOR >= 24 ? {} : {
      done: (error, result) => finish(error, result),
      fail: (error) => finish(error === undefined ? 'handled' : error),
      succeed: (result) => finish(null, result),
    }),
  };
}

function bytesOf(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch (error) {
    throw fault('Runtime.MarshalError', `Unable to stringify response body as json: ${error.message}`);
  }
  if (text === undefined) text = 'null';
  if (Buffer.byteLength(text) > MOST_RESPONSE)
    throw fault('Function.ResponseSizeTooLarge',
      `Response payload size (${Buffer.byteLength(text)} bytes) exceeded maximum allowed payload ` +
      `size (${MOST_RESPONSE} bytes).`);
  return text;
}

let running = null;  // {id, send} of the invocation whose answer is not sent.

function errorBytes(id, error) {
  const document = errorDocument(error);
  const kind = document.errorType.replace(/[^\x20-\x7e]/g, '?');
  return post(`/2018-06-01/runtime/invocation/${id}/error`, JSON.stringify(document),
    `Lambda-Runtime-Function-Error-Type: ${kind}\r\n`);
}

function invoke(handler, headers, body, done) {
  const id = headers['lambda-runtime-aws-request-id'];
  let answered = false;
  let context;
  const send = (error, result) => {
    if (answered) return;
    answered = true;
    running = null;
    process.removeAllListeners('beforeExit');
    let bytes;
    try {
      if (error === null || error === undefined)
        bytes = post(`/2018-06-01/runtime/invocation/${id}/response`, bytesOf(result));
    } catch (unsuitable) {
      error = unsuitable;
    }
    if (!bytes) {
      logError('Invoke Error ', error);
      bytes = errorBytes(id, error);
    }
    done(bytes);
  };
  // What callbacks do: by default the answer waits until the event loop is empty.
  const finish = (error, result) => {
    if (answered) return;
    if (context.callbackWaitsForEmptyEventLoop) {
      process.removeAllListeners('beforeExit');
      process.once('beforeExit', () => setImmediate(() => send(error, result)));
    } else {
      setImmediate(() => send(error, result));
    }
  };
  running = { id, send };
  process.once('beforeExit', () => setImmediate(() => send(null, null)));
  try {
    context = makeContext(headers, finish);
    const event = JSON.parse(body);
    const result = MAJOR >= 24 ? handler(event, context) : handler(event, context, finish);
    if (result && typeof result.then === 'function')
      result.then((value) => send(null, value),
        (error) => send(error === undefined || error === null ? new Error('undefined') : error));
    else if (MAJOR >= 24)
      send(null, result);
  } catch (error) {
    send(error === undefined || error === null ? new Error(String(error)) : error);
  }
}

function serve(api, handler) {
  const step = (answer) => {
    if (answer) {
      api.receive(() => {});  // 202 for the answer.
      api.send(answer, NEXT);
    } else {
      api.send(NEXT);
    }
    api.hold(true);
    api.receive(({ status, headers, body }) => {
      if (status !== 200) api.fail(new Error(`the Runtime API answered ${status}`));
      api.hold(false);
      requestId = headers['lambda-runtime-aws-request-id'];
      const trace = headers['lambda-runtime-trace-id'];
      if (trace) process.env._X_AMZN_TRACE_ID = trace;
      else delete process.env._X_AMZN_TRACE_ID;
      invoke(handler, headers, body, step);
    });
  };
  step(null);
}

// An error that nobody caught ends the process, after it was told.
function watchForFailures(api) {
  const end = (title, error, code) => {
    logError(title, error);
    if (!running) exit(code);
    const id = running.id;
    running = null;
    api.hold(true);
    api.receive(() => exit(code));
    api.send(errorBytes(id, error));
  };
  process.on('uncaughtException', (error) => end('Uncaught Exception ', error, 129));
  process.on('unhandledRejection', (reason, promise) => {
    const error = fault('Runtime.UnhandledPromiseRejection', isError(reason) ? reason.toString()
      : String(reason));
    error.reason = reason;
    error.promise = {};
    end('Unhandled Promise Rejection ', error, 128);
  });
}

function restart(variables, wrapper) {
  const options = { stdio: 'inherit', env: { ...process.env, ...variables } };
  const command = [process.execPath, ...process.execArgv, __filename, 'serve'];
  if (wrapper) command.unshift(wrapper);
  const child = require('child_process').spawn(command[0], command.slice(1), options);
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    exit(127);
  });
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, 'SIGKILL') : exit(code)));
}

async function main(api) {
  setUpConsole();
  watchForFailures(api);
  const root = process.env.LAMBDA_TASK_ROOT;
  process.chdir(root);
  const memory = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE || 128);
  if (!(process.env.NODE_OPTIONS || '').includes('max-old-space-size') && memory > 128)
    require('v8').setFlagsFromString(`--max-old-space-size=${Math.floor(memory * 0.9)}`);
  let handler;
  try {
    handler = await loadHandler(root, process.env._HANDLER);
  } catch (error) {
    logError('Uncaught Exception ', error);
    const document = errorDocument(error);
    api.receive(() => exit(1));
    api.send(post('/2018-06-01/runtime/init/error', JSON.stringify(document),
      `Lambda-Runtime-Function-Error-Type: ${document.errorType.replace(/[^\x20-\x7e]/g, '?')}\r\n`));
    return;
  }
  serve(api, handler);
}

const api = new Api();
if (process.argv[2] === 'serve') {
  main(api);
} else {
  api.send(Buffer.from('GET /unkai/claim HTTP/1.1\r\nHost: lambda\r\n\r\n'));
  api.receive(({ body }) => {
    const claim = JSON.parse(body);
    if (claim.restart) {
      api.socket.removeAllListeners();
      api.socket.destroy();
      restart(claim.variables, claim.wrapper);
      return;
    }
    Object.assign(process.env, claim.variables);
    main(api);
  });
}

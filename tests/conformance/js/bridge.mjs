// The AWS SDK for JavaScript v3 as a process that ../aws_js.py talks to: one JSON object a line, in and out.
//
//   in   {id, service, operation, input, endpoint, region, keys: {accessKeyId, secretAccessKey, sessionToken} | null,
//         pathStyle}; `service` is the package behind "@aws-sdk/client-", keys null means: do not sign
//        with `presign`, the seconds that a URL shall hold, the call is not made: {id, url}
//   out  {id, output, metadata}, or {id, error: {name, code, message, status, members}}; an error without a status
//        came from the SDK itself, and nothing was answered
//
// JSON has no bytes, dates and streams: {"$bytes": base64}, {"$date": milliseconds}, {"$file": path}, both ways.
// Calls run at the same time, so answers come as they are ready. A service's package is loaded when it is first called.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const HIDDEN = new Set(["name", "message", "stack", "$metadata", "$response", "$fault", "$service", "$retryable"]);
const packages = new Map();
const clients = new Map();

function load(service) {
  if (!packages.has(service)) packages.set(service, import(`@aws-sdk/client-${service}`));
  return packages.get(service);
}

function clientOf(library, { service, endpoint, region, keys, pathStyle }) {
  const key = JSON.stringify([service, endpoint, region, keys, pathStyle]);
  if (!clients.has(key)) {
    const Client = Object.values(library).find((one) => typeof one === "function" && /^\w+Client$/.test(one.name)
      && one.name !== "__Client" && typeof one.prototype.destroy === "function" && one.name in library);
    const unsigned = { signer: { sign: async (request) => request } };
    clients.set(key, new Client({
      endpoint, region, maxAttempts: 1, forcePathStyle: pathStyle,
      credentials: keys ?? { accessKeyId: "none", secretAccessKey: "none" }, ...(keys ? {} : unsigned),
    }));
  }
  return clients.get(key);
}

function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return Buffer.from(value.$bytes, "base64");
  if ("$date" in value) return new Date(value.$date);
  if ("$file" in value) return createReadStream(value.$file);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]));
}

async function mark(value) {
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (typeof value.transformToByteArray === "function") return mark(await value.transformToByteArray());
  if (Array.isArray(value)) return Promise.all(value.map(mark));
  const members = Object.entries(value).filter(([, member]) => member !== undefined && typeof member !== "function");
  return Object.fromEntries(await Promise.all(members.map(async ([name, member]) => [name, await mark(member)])));
}

async function call(question) {
  const library = await load(question.service);
  const Command = library[`${question.operation}Command`];
  if (!Command) return { error: { name: "NoSuchCommand", message: `${question.operation} of ${question.service}` } };
  try {
    const [client, command] = [clientOf(library, question), new Command(revive(question.input))];
    if (question.presign) {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      return { url: await getSignedUrl(client, command, { expiresIn: question.presign }) };
    }
    const { $metadata, ...output } = await client.send(command);
    return { output: await mark(output), metadata: $metadata };
  } catch (error) {
    const members = Object.entries(error).filter(([name]) => !HIDDEN.has(name));
    return { error: {
      name: error.name, code: error.Error?.Code ?? error.Code, message: error.message,
      status: error.$metadata?.httpStatusCode ?? null, members: await mark(Object.fromEntries(members)),
      stack: error.$metadata?.httpStatusCode ? undefined : error.stack,
    } };
  }
}

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const question = JSON.parse(line);
  call(question).catch((error) => ({ error: { name: error.name, message: error.message, stack: error.stack } }))
    .then((result) => answer({ id: question.id, ...result }));
}
process.exit(); // The tests ended; connections kept alive must not hold it.

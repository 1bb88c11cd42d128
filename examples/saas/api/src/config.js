// Everything that the environment may say. Read once, at start; a missing name ends the program with a
// sentence that names it.
import { readFileSync } from 'node:fs';

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`The environment variable ${name} is not set. The task definition sets it.`);
  }
  return value;
}

function number(name, fallback) {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`The environment variable ${name} must be a whole number above zero.`);
  }
  return value;
}

// DB_TLS: "off" (the default: the database lies in private subnets that only the tasks reach),
// "on" (encrypted and verified against DB_TLS_CA, or the system's certificates).
function tls() {
  if ((process.env.DB_TLS ?? 'off') === 'off') return undefined;
  const ca = process.env.DB_TLS_CA;
  return { rejectUnauthorized: true, ca: ca ? readFileSync(ca, 'utf8') : undefined };
}

export function readConfig() {
  return {
    port: number('PORT', 8080),
    version: process.env.APP_VERSION ?? 'development',
    metadata: process.env.ECS_CONTAINER_METADATA_URI_V4,
    database: {
      writerHost: required('DB_WRITER_HOST'),
      readerHost: process.env.DB_READER_HOST || required('DB_WRITER_HOST'),
      port: number('DB_PORT', 3306),
      user: required('DB_USER'),
      password: process.env.DB_PASSWORD ?? '',
      name: required('DB_NAME'),
      connections: number('DB_CONNECTIONS', 10),
      tls: tls(),
    },
  };
}

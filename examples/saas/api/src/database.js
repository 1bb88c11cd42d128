// Two pools: writes go to the cluster endpoint, reads to the reader endpoint.
//
// A failover leaves connections to a server that has become a reader, or that is gone. Such a connection is
// thrown away and the statement runs once more on a new one, if it may: reads always, writes only when the
// server refused them before doing anything.
import mysql from 'mysql2/promise';

const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ER_SERVER_SHUTDOWN',
]);
const READ_ONLY = new Set([1290, 1836]); // The server runs with read_only: it is no writer (any more).

export function isUnavailable(error) {
  return LOST.has(error.code) || READ_ONLY.has(error.errno) || error.code === 'POOL_CLOSED';
}

function pool(config, host) {
  return mysql.createPool({
    host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.name,
    ssl: config.tls,
    connectionLimit: config.connections,
    maxIdle: 2,
    idleTimeout: 30_000, // Idle connections go, so that new ones find readers that were added.
    queueLimit: 200,
    connectTimeout: 5_000,
    enableKeepAlive: true,
    timezone: 'Z',
  });
}

async function once(pool, sql, values) {
  const connection = await pool.getConnection();
  try {
    const [rows] = await connection.query({ sql, values, timeout: 10_000 });
    connection.release();
    return rows;
  } catch (error) {
    if (isUnavailable(error) || error.fatal) connection.destroy();
    else connection.release();
    throw error;
  }
}

export class Database {
  constructor(config) {
    this.config = config;
    this.writer = pool(config, config.writerHost);
    this.reader = pool(config, config.readerHost);
  }

  async write(sql, values = []) {
    try {
      return await once(this.writer, sql, values);
    } catch (error) {
      if (!READ_ONLY.has(error.errno)) throw error;
      return once(this.writer, sql, values);
    }
  }

  // `from` is 'reader', or 'writer' for what must not lag behind.
  async read(sql, values = [], from = 'reader') {
    try {
      return await once(this[from], sql, values);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return once(this[from], sql, values);
    }
  }

  // Who answers at each endpoint; Aurora has a name of its own for that, MySQL and MariaDB the host's name.
  async servers() {
    const describe = async (which, host) => {
      const query = (expression) =>
        this.read(`SELECT ${expression} AS server, @@server_id AS server_id, @@read_only AS read_only,
                   @@innodb_read_only AS innodb_read_only, @@version AS version`, [], which);
      let rows;
      try {
        rows = await query('@@aurora_server_id');
      } catch (error) {
        if (error.code !== 'ER_UNKNOWN_SYSTEM_VARIABLE') return { endpoint: host, error: error.message };
        rows = await query('@@hostname');
      }
      const [row] = rows;
      return {
        endpoint: host,
        server: row.server,
        serverId: row.server_id,
        readOnly: Boolean(Number(row.read_only) || Number(row.innodb_read_only) || row.read_only === 'ON'),
        version: row.version,
      };
    };
    const [writer, reader] = await Promise.all([
      describe('writer', this.config.writerHost),
      describe('reader', this.config.readerHost),
    ]);
    return { writer, reader };
  }

  async close() {
    await Promise.allSettled([this.writer.end(), this.reader.end()]);
  }
}

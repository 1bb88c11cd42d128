// The schema, step by step. Every task runs this at start; a lock in the database lets one do it at a time, and
// a step that has been done is not done again. Steps are only ever added.
import { log, describeError } from './log.js';

const CUSTOMERS = ['Northwind', 'Acme', 'Globex', 'Initech', 'Umbrella', 'Hooli', 'Stark', 'Wayne', 'Tyrell'];
const PRODUCTS = [
  ['Starter plan', 1900],
  ['Team plan', 9900],
  ['Business plan', 24900],
  ['Extra seats', 1200],
  ['Onboarding', 50000],
];
const STATUSES = ['paid', 'paid', 'shipped', 'new', 'shipped', 'refunded', 'paid'];

// The same rows on every installation, spread over the fortnight before.
function sampleRows(count) {
  return Array.from({ length: count }, (_, i) => {
    const [product, price] = PRODUCTS[(i * 7) % PRODUCTS.length];
    const quantity = 1 + ((i * 5) % 4);
    const hoursAgo = (count - i) * 3;
    return [
      CUSTOMERS[(i * 4) % CUSTOMERS.length],
      product,
      quantity,
      price * quantity,
      STATUSES[i % STATUSES.length],
      new Date(Date.now() - hoursAgo * 3_600_000),
    ];
  });
}

const STEPS = [
  {
    version: 1,
    name: 'orders',
    run: (connection) =>
      connection.query(`CREATE TABLE IF NOT EXISTS orders (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        customer VARCHAR(80) NOT NULL,
        product VARCHAR(80) NOT NULL,
        quantity INT UNSIGNED NOT NULL,
        amount_cents BIGINT UNSIGNED NOT NULL,
        status ENUM('new', 'paid', 'shipped', 'refunded') NOT NULL DEFAULT 'new',
        request_key VARCHAR(64) NULL,
        created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        UNIQUE KEY request_key (request_key),
        KEY status_created (status, created_at),
        KEY created (created_at)
      ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`),
  },
  {
    version: 2,
    name: 'sample orders',
    run: (connection) =>
      connection.query(
        'INSERT INTO orders (customer, product, quantity, amount_cents, status, created_at) VALUES ?',
        [sampleRows(96)],
      ),
  },
];

async function migrateOnce(database) {
  const connection = await database.writer.getConnection();
  try {
    const [[{ locked }]] = await connection.query("SELECT GET_LOCK('saas-migrations', 20) AS locked");
    if (Number(locked) !== 1) throw new Error('another task holds the migration lock');
    await connection.query(`CREATE TABLE IF NOT EXISTS schema_versions (
      version INT UNSIGNED NOT NULL PRIMARY KEY,
      name VARCHAR(80) NOT NULL,
      applied_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
    ) ENGINE = InnoDB`);
    const [done] = await connection.query('SELECT version FROM schema_versions');
    const applied = new Set(done.map((row) => row.version));
    for (const step of STEPS.filter(({ version }) => !applied.has(version))) {
      await connection.beginTransaction();
      await step.run(connection);
      await connection.query('INSERT INTO schema_versions (version, name) VALUES (?, ?)', [
        step.version,
        step.name,
      ]);
      await connection.commit();
      log('info', 'migration applied', { version: step.version, name: step.name });
    }
  } finally {
    connection.destroy(); // Gives the lock back, whatever happened.
  }
}

// Goes on until it has worked: the database may come up after the task does.
export async function migrate(database, stopping) {
  for (let attempt = 1; !stopping.aborted; attempt += 1) {
    try {
      await migrateOnce(database);
      return true;
    } catch (error) {
      const wait = Math.min(200 * 1.5 ** attempt, 5_000);
      log('warn', 'the database is not ready', { attempt, retry_ms: Math.round(wait), ...describeError(error) });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, wait);
        stopping.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
    }
  }
  return false;
}

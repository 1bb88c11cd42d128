// What can be asked about orders. Reads come from the reader endpoint, which lags a little behind the writer.
// A client that has just written says so (`seen`: the id of its newest order); if the reader does not have that
// order yet, the writer answers instead. So everybody reads their own writes, and nobody waits. The pages of a list are
// those of one moment (`upto`: the newest id that its first page had), so nothing slips from one to the next.
import { HttpError } from './http.js';

export const STATUSES = ['new', 'paid', 'shipped', 'refunded'];

const COLUMNS = 'id, customer, product, quantity, amount_cents, status, created_at';

function present(row) {
  return {
    id: Number(row.id),
    customer: row.customer,
    product: row.product,
    quantity: row.quantity,
    amountCents: Number(row.amount_cents),
    status: row.status,
    createdAt: row.created_at.toISOString(),
  };
}

function wholeNumber(text, name, fallback, most) {
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new HttpError(400, 'InvalidParameter', `${name} must be a whole number from 1 to ${most}.`, name);
  }
  return value;
}

const orderId = (query, name) => wholeNumber(query.get(name), name, 0, Number.MAX_SAFE_INTEGER);

async function freshEnough(database, query) {
  const seen = Math.max(orderId(query, 'seen'), orderId(query, 'upto'));
  if (seen === 0) return 'reader';
  const rows = await database.read('SELECT 1 FROM orders WHERE id = ?', [seen]);
  return rows.length > 0 ? 'reader' : 'writer';
}

function filter(query) {
  const conditions = [];
  const values = [];
  const status = query.get('status');
  if (status) {
    if (!STATUSES.includes(status)) {
      throw new HttpError(400, 'InvalidParameter', `status must be one of ${STATUSES.join(', ')}.`, 'status');
    }
    conditions.push('status = ?');
    values.push(status);
  }
  const upto = orderId(query, 'upto');
  if (upto) {
    conditions.push('id <= ?');
    values.push(upto);
  }
  const customer = query.get('customer')?.trim();
  if (customer) {
    conditions.push('customer LIKE ?');
    values.push(`%${customer.slice(0, 80).replace(/[\\%_]/g, '\\$&')}%`);
  }
  return { where: conditions.length ? `WHERE ${conditions.join(' AND ')}` : '', values };
}

export async function listOrders(database, query) {
  const page = wholeNumber(query.get('page'), 'page', 1, 1_000_000);
  const size = wholeNumber(query.get('size'), 'size', 10, 100);
  const { where, values } = filter(query);
  const source = await freshEnough(database, query);
  const [rows, [{ total }]] = await Promise.all([
    database.read(
      `SELECT ${COLUMNS} FROM orders ${where} ORDER BY id DESC LIMIT ? OFFSET ?`,
      [...values, size, (page - 1) * size],
      source,
    ),
    database.read(`SELECT COUNT(*) AS total FROM orders ${where}`, values, source),
  ]);
  return {
    records: rows.map(present),
    page,
    size,
    total: Number(total),
    pages: Math.max(1, Math.ceil(Number(total) / size)),
    source,
  };
}

export async function getOrder(database, id, query) {
  const source = await freshEnough(database, query);
  const [row] = await database.read(`SELECT ${COLUMNS} FROM orders WHERE id = ?`, [id], source);
  if (!row) throw new HttpError(404, 'NotFound', `There is no order ${id}.`);
  return { record: present(row), source };
}

export async function orderStats(database, query) {
  const source = await freshEnough(database, query);
  const group = (column) =>
    database.read(
      `SELECT ${column} AS name, COUNT(*) AS orders, COALESCE(SUM(amount_cents), 0) AS amount_cents
       FROM orders GROUP BY ${column} ORDER BY amount_cents DESC LIMIT 20`,
      [],
      source,
    );
  const [[totals], byStatus, byProduct, byCustomer, byDay] = await Promise.all([
    database.read(
      `SELECT COUNT(*) AS orders, COALESCE(SUM(amount_cents), 0) AS amount_cents,
              COALESCE(SUM(IF(status = 'refunded', 0, amount_cents)), 0) AS revenue_cents,
              COUNT(DISTINCT customer) AS customers FROM orders`,
      [],
      source,
    ),
    group('status'),
    group('product'),
    group('customer'),
    database.read(
      `SELECT DATE_FORMAT(created_at, '%Y-%m-%d') AS day, COUNT(*) AS orders, SUM(amount_cents) AS amount_cents
       FROM orders WHERE created_at >= UTC_DATE() - INTERVAL 13 DAY GROUP BY day ORDER BY day`,
      [],
      source,
    ),
  ]);
  const numbers = (row) => ({ orders: Number(row.orders), amountCents: Number(row.amount_cents) });
  const named = (rows) => rows.map((row) => ({ name: row.name, ...numbers(row) }));
  return {
    totals: {
      ...numbers(totals),
      revenueCents: Number(totals.revenue_cents),
      customers: Number(totals.customers),
    },
    byStatus: named(byStatus),
    byProduct: named(byProduct),
    byCustomer: named(byCustomer),
    byDay: byDay.map((row) => ({ day: row.day, ...numbers(row) })),
    source,
  };
}

function text(body, name) {
  const value = typeof body[name] === 'string' ? body[name].trim() : '';
  if (value.length < 1 || value.length > 80) {
    throw new HttpError(400, 'InvalidRecord', `${name} must be 1 to 80 characters.`, name);
  }
  return value;
}

function integer(body, name, least, most) {
  const value = body[name];
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new HttpError(400, 'InvalidRecord', `${name} must be a whole number from ${least} to ${most}.`, name);
  }
  return value;
}

function validate(body) {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new HttpError(400, 'InvalidRecord', 'The body must be a JSON object.');
  }
  const status = body.status ?? 'new';
  if (!STATUSES.includes(status)) {
    throw new HttpError(400, 'InvalidRecord', `status must be one of ${STATUSES.join(', ')}.`, 'status');
  }
  return {
    customer: text(body, 'customer'),
    product: text(body, 'product'),
    quantity: integer(body, 'quantity', 1, 10_000),
    amountCents: integer(body, 'amountCents', 0, 100_000_000),
    status,
  };
}

// With an Idempotency-Key a request may be sent again: the order that it made the first time is the answer.
export async function addOrder(database, body, key) {
  const order = validate(body);
  if (key !== undefined && !/^[\w-]{8,64}$/.test(key)) {
    throw new HttpError(400, 'InvalidParameter', 'Idempotency-Key must be 8 to 64 letters, digits, - or _.');
  }
  let created = true;
  let id;
  try {
    const result = await database.write(
      `INSERT INTO orders (customer, product, quantity, amount_cents, status, request_key, created_at)
       VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
      [order.customer, order.product, order.quantity, order.amountCents, order.status, key ?? null],
    );
    id = result.insertId;
  } catch (error) {
    if (error.code !== 'ER_DUP_ENTRY') throw error;
    const [row] = await database.read('SELECT id FROM orders WHERE request_key = ?', [key], 'writer');
    id = row.id;
    created = false;
  }
  const [row] = await database.read(`SELECT ${COLUMNS} FROM orders WHERE id = ?`, [id], 'writer');
  return { record: present(row), created };
}

// The API as the page sees it.
//
// Lists come from a database reader, which lags a little behind the writer. The page therefore remembers the
// newest order that it has written (`seen`, for this tab, over reloads) and sends it with every read; the API
// then answers from where that order is. See api/src/orders.js.

export const STATUSES = ['new', 'paid', 'shipped', 'refunded'] as const;
export type Status = (typeof STATUSES)[number];

export interface Order {
  id: number;
  customer: string;
  product: string;
  quantity: number;
  amountCents: number;
  status: Status;
  createdAt: string;
}

export type NewOrder = Pick<Order, 'customer' | 'product' | 'quantity' | 'amountCents' | 'status'>;

export interface Page {
  records: Order[];
  page: number;
  size: number;
  total: number;
  pages: number;
  source: 'reader' | 'writer';
}

export interface Sum {
  orders: number;
  amountCents: number;
}

export interface Stats {
  totals: Sum & { revenueCents: number; customers: number };
  byStatus: (Sum & { name: Status })[];
  byProduct: (Sum & { name: string })[];
  byCustomer: (Sum & { name: string })[];
  byDay: (Sum & { day: string })[];
}

export interface Server {
  endpoint: string;
  server?: string;
  serverId?: number;
  readOnly?: boolean;
  version?: string;
  error?: string;
}

export interface Info {
  task: { id: string; zone: string; arn: string | null; revision: string | null };
  version: string;
  node: string;
  database: { writer: Server; reader: Server };
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

const SEEN = 'orders.seen';

function seen(): string {
  return sessionStorage.getItem(SEEN) ?? '';
}

export interface Served {
  task: string;
  zone: string;
}

let onServed: (served: Served) => void = () => {};
export function listenForTasks(listener: (served: Served) => void) {
  onServed = listener;
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, init);
  const [task, zone] = (response.headers.get('x-served-by') ?? '').split(' ');
  if (task) onServed({ task, zone: zone ?? '' });
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const body = isJson ? await response.json() : undefined;
  if (!response.ok || body === undefined) {
    const error = body?.error;
    throw new ApiError(response.status, error?.message ?? `The API answered ${response.status}.`, error?.field);
  }
  return body as T;
}

// Reads may be repeated: one that fails on the way, or meets a task that just went, is tried again.
async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call<T>(path, { signal });
    } catch (error) {
      const passing = !(error instanceof ApiError) || [502, 503, 504].includes(error.status);
      if (signal?.aborted || !passing || attempt === 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * 300));
    }
  }
}

export function listOrders(
  query: { page: number; upto?: number; size: number; status: string; customer: string },
  signal?: AbortSignal,
): Promise<Page> {
  const search = new URLSearchParams({
    page: String(query.page),
    size: String(query.size),
    status: query.status,
    customer: query.customer,
    seen: seen(),
    upto: String(query.upto ?? ''),
  });
  return read<Page>(`/api/records?${search}`, signal);
}

export function loadStats(signal?: AbortSignal): Promise<Stats> {
  return read<Stats>(`/api/records/stats?${new URLSearchParams({ seen: seen() })}`, signal);
}

export function loadInfo(signal?: AbortSignal): Promise<Info> {
  return read<Info>('/api/info', signal);
}

// The key makes sending it twice harmless.
export async function addOrder(order: NewOrder, key: string): Promise<Order> {
  const { record } = await call<{ record: Order }>('/api/records', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(order),
  });
  sessionStorage.setItem(SEEN, String(record.id));
  return record;
}

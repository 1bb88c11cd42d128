import { STATUSES } from './api';
import type { Order, Page } from './api';
import { count, money, when } from './format';

export interface Query {
  page: number;
  upto?: number; // The newest order of the first page: what came since does not shift the pages.
  status: string;
  customer: string;
}

interface Props {
  list?: Page;
  query: Query;
  latest?: Order;
  onQuery: (change: Partial<Query>) => void;
}

export function OrderTable({ list, query, latest, onQuery }: Props) {
  return (
    <section className="card" aria-label="Orders">
      <div className="filters">
        <div className="tabs" role="group" aria-label="Status">
          {['', ...STATUSES].map((status) => (
            <button key={status} aria-pressed={query.status === status} onClick={() => onQuery({ status })}>
              {status || 'all'}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Customer"
          aria-label="Filter by customer"
          value={query.customer}
          onChange={(event) => onQuery({ customer: event.target.value })}
        />
      </div>
      <div className="scroll">
        <table data-testid="orders" data-source={list?.source}>
          <thead>
            <tr>
              <th>Order</th>
              <th>Customer</th>
              <th>Product</th>
              <th className="number">Quantity</th>
              <th className="number">Amount</th>
              <th>Status</th>
              <th>Placed</th>
            </tr>
          </thead>
          <tbody>
            {list?.records.map((order) => (
              <tr key={order.id} className={order.id === latest?.id ? 'fresh' : ''} data-id={order.id}>
                <td className="faint">#{order.id}</td>
                <td>{order.customer}</td>
                <td>{order.product}</td>
                <td className="number">{count(order.quantity)}</td>
                <td className="number">{money(order.amountCents)}</td>
                <td>
                  <span className={`status ${order.status}`}>{order.status}</span>
                </td>
                <td className="faint">{when(order.createdAt)}</td>
              </tr>
            ))}
            {list?.records.length === 0 && (
              <tr>
                <td colSpan={7} className="empty">
                  No orders here.
                </td>
              </tr>
            )}
            {!list && (
              <tr>
                <td colSpan={7} className="empty">
                  Loading…
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {list && (
        <nav className="pages" aria-label="Pages">
          <span className="faint">
            {count(list.total)} orders, page {count(list.page)} of {count(list.pages)}
          </span>
          <span>
            <button disabled={list.page <= 1} onClick={() => onQuery({ page: 1 })}>
              First
            </button>
            <button disabled={list.page <= 1} onClick={() => onQuery({ page: list.page - 1, upto: query.upto })}>
              Previous
            </button>
            <button
              disabled={list.page >= list.pages}
              onClick={() => onQuery({ page: list.page + 1, upto: query.upto ?? list.records[0]?.id })}
              data-testid="next-page"
            >
              Next
            </button>
          </span>
        </nav>
      )}
    </section>
  );
}

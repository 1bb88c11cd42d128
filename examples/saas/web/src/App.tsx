import { useCallback, useEffect, useState } from 'react';
import { listOrders, listenForTasks, loadInfo, loadStats } from './api';
import type { Info, Order, Page, Stats } from './api';
import { Charts } from './Charts';
import { NewOrderForm } from './NewOrderForm';
import { OrderTable } from './OrderTable';
import type { Query } from './OrderTable';
import { StackPanel } from './StackPanel';
import type { TaskCounts } from './StackPanel';
import { count, roundMoney } from './format';

const SIZE = 10;

function Figure({ label, value, note }: { label: string; value?: string; note?: string }) {
  return (
    <div className="card figure">
      <span className="label">{label}</span>
      <strong>{value ?? <span className="skeleton" />}</strong>
      <span className="note">{note ?? '\u00a0'}</span>
    </div>
  );
}

export function App() {
  const [query, setQuery] = useState<Query>({ page: 1, status: '', customer: '' });
  const [list, setList] = useState<Page>();
  const [stats, setStats] = useState<Stats>();
  const [info, setInfo] = useState<Info>();
  const [tasks, setTasks] = useState<TaskCounts>({});
  const [latest, setLatest] = useState<Order>();
  const [failure, setFailure] = useState('');
  const [version, setVersion] = useState(0); // Counts up to load again.
  const [adding, setAdding] = useState(false);

  useEffect(() => {
    listenForTasks(({ task, zone }) =>
      setTasks((known) => ({ ...known, [task]: { zone, answers: (known[task]?.answers ?? 0) + 1 } })),
    );
  }, []);

  const report = useCallback((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    setFailure(error instanceof Error ? error.message : String(error));
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      listOrders({ ...query, size: SIZE }, abort.signal)
        .then((page) => (setList(page), setFailure('')))
        .catch(report);
    }, query.customer ? 200 : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [query, version, report]);

  useEffect(() => {
    const abort = new AbortController();
    loadStats(abort.signal).then(setStats).catch(report);
    loadInfo(abort.signal).then(setInfo).catch(report);
    return () => abort.abort();
  }, [version, report]);

  function added(order: Order) {
    setLatest(order);
    setAdding(false);
    setQuery({ page: 1, status: '', customer: '' });
    setVersion((value) => value + 1);
  }

  const totals = stats?.totals;
  return (
    <>
      <header>
        <div className="bar">
          <h1>
            <img src="/icon.svg" alt="" width="28" height="28" /> Orders
          </h1>
          <div className="actions">
            <button onClick={() => setVersion((value) => value + 1)}>Refresh</button>
            <button className="primary" onClick={() => setAdding(true)} data-testid="new-order">
              New order
            </button>
          </div>
        </div>
      </header>
      <main>
        {failure && (
          <p className="failure" role="alert">
            {failure}{' '}
            <button onClick={() => setVersion((value) => value + 1)}>Try again</button>
          </p>
        )}
        <section className="figures" aria-label="Totals">
          <Figure
            label="Revenue"
            value={totals && roundMoney(totals.revenueCents)}
            note={totals && `${roundMoney(totals.amountCents - totals.revenueCents)} refunded`}
          />
          <Figure label="Orders" value={totals && count(totals.orders)} note="all time" />
          <Figure
            label="Average order"
            value={totals && roundMoney(totals.orders ? totals.amountCents / totals.orders : 0)}
            note="before refunds"
          />
          <Figure label="Customers" value={totals && count(totals.customers)} note="with an order" />
        </section>
        <Charts stats={stats} />
        <OrderTable
          list={list}
          query={query}
          latest={latest}
          onQuery={(change) => setQuery((known) => ({ ...known, page: 1, upto: undefined, ...change }))}
        />
        <StackPanel info={info} tasks={tasks} source={list?.source} />
      </main>
      {adding && <NewOrderForm onAdded={added} onClose={() => setAdding(false)} />}
    </>
  );
}

import type { Stats } from './api';
import { count, roundMoney } from './format';

function lastDays(days: number): string[] {
  const today = Date.now();
  return Array.from({ length: days }, (_, i) => new Date(today - (days - 1 - i) * 86_400_000).toISOString().slice(0, 10));
}

function Days({ stats }: { stats?: Stats }) {
  const known = new Map(stats?.byDay.map((row) => [row.day, row]));
  const days = lastDays(14).map((day) => known.get(day) ?? { day, orders: 0, amountCents: 0 });
  const most = Math.max(1, ...days.map((day) => day.amountCents));
  const width = 100 / days.length;
  return (
    <div className="card">
      <h2>Last 14 days</h2>
      <svg className="days" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Sales per day">
        {days.map((day, i) => {
          const height = stats ? Math.max(0.6, (day.amountCents / most) * 38) : 0.6;
          return (
            <rect key={day.day} x={i * width + width * 0.15} y={40 - height} width={width * 0.7} height={height} rx="0.6">
              <title>{`${day.day}: ${count(day.orders)} orders, ${roundMoney(day.amountCents)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="axis faint">
        <span>{days[0].day.slice(5)}</span>
        <span>peak {roundMoney(stats ? most : 0)}</span>
        <span>{days[days.length - 1].day.slice(5)}</span>
      </div>
    </div>
  );
}

function Products({ stats }: { stats?: Stats }) {
  const rows = stats?.byProduct.slice(0, 5) ?? [];
  const most = Math.max(1, ...rows.map((row) => row.amountCents));
  return (
    <div className="card">
      <h2>By product</h2>
      <ul className="bars">
        {rows.map((row) => (
          <li key={row.name}>
            <span>{row.name}</span>
            <span className="track">
              <span style={{ width: `${(row.amountCents / most) * 100}%` }} />
            </span>
            <span className="number">{roundMoney(row.amountCents)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Charts({ stats }: { stats?: Stats }) {
  return (
    <section className="charts" aria-label="Statistics">
      <Days stats={stats} />
      <Products stats={stats} />
    </section>
  );
}

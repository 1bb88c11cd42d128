import type { Info, Server } from './api';
import { count } from './format';

export type TaskCounts = Record<string, { zone: string; answers: number }>;

function Database({ role, server }: { role: string; server?: Server }) {
  return (
    <li>
      <span className={`dot ${server?.error ? 'bad' : ''}`} />
      <span>
        {role} <b>{server?.server ?? '…'}</b> {server?.readOnly && <em>read only</em>}
        <br />
        <span className="faint">{server?.error ?? server?.endpoint ?? '\u00a0'}</span>
      </span>
    </li>
  );
}

// Which parts of the stack have answered this page.
export function StackPanel({ info, tasks, source }: { info?: Info; tasks: TaskCounts; source?: string }) {
  return (
    <section className="card stack" aria-label="Stack" data-testid="stack">
      <div>
        <h2>Tasks that answered</h2>
        <ul>
          {Object.entries(tasks)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([id, { zone, answers }]) => (
              <li key={id} data-task={id} data-zone={zone}>
                <span className="dot" />
                <span>
                  <b>{id.slice(0, 12)}</b> in {zone}
                  <br />
                  <span className="faint">{count(answers)} answers</span>
                </span>
              </li>
            ))}
        </ul>
      </div>
      <div>
        <h2>Database</h2>
        <ul>
          <Database role="Writer" server={info?.database.writer} />
          <Database role="Reader" server={info?.database.reader} />
        </ul>
      </div>
      <div>
        <h2>Release</h2>
        <p>
          <b data-testid="version">{info?.version ?? '…'}</b>
          <br />
          <span className="faint">Node.js {info?.node ?? '…'}</span>
          <br />
          <span className="faint">this list came from the {source ?? '…'}</span>
        </p>
      </div>
    </section>
  );
}

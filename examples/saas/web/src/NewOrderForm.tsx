import { useEffect, useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { ApiError, STATUSES, addOrder } from './api';
import type { Order, Status } from './api';
import { money } from './format';

const PRODUCTS: [string, number][] = [
  ['Starter plan', 1900],
  ['Team plan', 9900],
  ['Business plan', 24900],
  ['Extra seats', 1200],
  ['Onboarding', 50000],
];

// Works on plain HTTP too, where crypto.randomUUID does not exist.
function requestKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function NewOrderForm({ onAdded, onClose }: { onAdded: (order: Order) => void; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const key = useRef(requestKey());
  const [customer, setCustomer] = useState('');
  const [product, setProduct] = useState(PRODUCTS[0][0]);
  const [quantity, setQuantity] = useState(1);
  const [status, setStatus] = useState<Status>('new');
  const [problem, setProblem] = useState<{ message: string; field?: string }>();
  const [sending, setSending] = useState(false);

  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);

  const price = PRODUCTS.find(([name]) => name === product)![1];

  async function submit(event: FormEvent) {
    event.preventDefault();
    setSending(true);
    setProblem(undefined);
    try {
      const amountCents = price * quantity;
      onAdded(await addOrder({ customer, product, quantity, amountCents, status }, key.current));
    } catch (error) {
      const field = error instanceof ApiError ? error.field : undefined;
      setProblem({ message: error instanceof Error ? error.message : String(error), field });
      setSending(false);
    }
  }

  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="new-order-title">
      <form onSubmit={submit}>
        <h2 id="new-order-title">New order</h2>
        <label>
          Customer
          <input
            name="customer"
            value={customer}
            maxLength={80}
            required
            autoFocus
            aria-invalid={problem?.field === 'customer'}
            onChange={(event) => setCustomer(event.target.value)}
          />
        </label>
        <label>
          Product
          <select name="product" value={product} onChange={(event) => setProduct(event.target.value)}>
            {PRODUCTS.map(([name, cents]) => (
              <option key={name} value={name}>
                {name} · {money(cents)}
              </option>
            ))}
          </select>
        </label>
        <div className="pair">
          <label>
            Quantity
            <input
              name="quantity"
              type="number"
              min={1}
              max={10000}
              required
              value={quantity}
              onChange={(event) => setQuantity(event.target.valueAsNumber || 1)}
            />
          </label>
          <label>
            Status
            <select name="status" value={status} onChange={(event) => setStatus(event.target.value as Status)}>
              {STATUSES.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
        <p className="total">
          Total <strong>{money(price * quantity)}</strong>
        </p>
        {problem && (
          <p className="failure" role="alert">
            {problem.message}
          </p>
        )}
        <div className="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button className="primary" disabled={sending} data-testid="save-order">
            {sending ? 'Saving…' : 'Add order'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

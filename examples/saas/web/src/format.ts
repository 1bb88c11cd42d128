const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const roundDollars = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 0,
});
const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export const money = (cents: number) => dollars.format(cents / 100);
export const roundMoney = (cents: number) => roundDollars.format(cents / 100);
export const when = (iso: string) => dateTime.format(new Date(iso));
export const count = (value: number) => value.toLocaleString('en-US');

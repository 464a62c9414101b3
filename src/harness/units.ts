declare const unit: unique symbol;

/** A number that knows its unit: one cannot be passed for another. */
type Quantity<Unit extends string> = number & { readonly [unit]: Unit };

/** Time of one operation. */
export type Nanoseconds = Quantity<'ns'>;
/** Time of a program. */
export type Seconds = Quantity<'s'>;
export type BytesPerSecond = Quantity<'B/s'>;
/** A quotient of two values of one unit. */
export type Ratio = Quantity<'ratio'>;

export const nanoseconds = (value: number): Nanoseconds => value as Nanoseconds;
export const seconds = (value: number): Seconds => value as Seconds;
export const bytesPerSecond = (value: number): BytesPerSecond => value as BytesPerSecond;
export const ratio = (value: number): Ratio => value as Ratio;

/** What the values of a row are measured in. */
export type UnitName = 'ns' | 's' | 'B/s';

/** Whether a larger value is a better one. */
export function higherIsBetter(name: UnitName): boolean {
  return name === 'B/s';
}

/** Three significant digits, without an exponent: 1.90, 12.3, 850. */
function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function scaled(value: number, steps: readonly (readonly [factor: number, name: string])[]): string {
  const step = steps.find(([factor]) => value >= factor * 0.9995) ?? steps[steps.length - 1];
  return step === undefined ? String(value) : `${digits(value / step[0])} ${step[1]}`;
}

export function formatNanoseconds(value: Nanoseconds): string {
  if (value < 999.5) return `${value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ns`;
  return scaled(value, [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']]); // prettier-ignore
}

export function formatSeconds(value: Seconds): string {
  return formatNanoseconds(nanoseconds(value * 1e9));
}

/** Decimal units: 1 GB/s is 1e9 bytes in a second. */
export function formatBandwidth(value: BytesPerSecond): string {
  return scaled(value, [[1e9, 'GB/s'], [1e6, 'MB/s'], [1e3, 'kB/s'], [1, 'B/s']]); // prettier-ignore
}

/** `×1.05`, `×12.3`, `×140`. */
export function formatRatio(value: Ratio): string {
  return `×${digits(value)}`;
}

/** A value with its unit, for people. */
export function formatValue(value: number, name: UnitName): string {
  switch (name) {
    case 'ns':
      return formatNanoseconds(nanoseconds(value));
    case 's':
      return formatSeconds(seconds(value));
    case 'B/s':
      return formatBandwidth(bytesPerSecond(value));
  }
}

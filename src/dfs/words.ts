/** An offset or a size in bytes, from 0 to 2^63-1; a number must be a safe integer. */
export type Position = number | bigint;

const largest = (1n << 63n) - 1n;

/** Refuses what is no position. */
export function checkPosition(value: Position, what: string): Position {
  const fits =
    typeof value === 'bigint' ? value >= 0n && value <= largest : Number.isSafeInteger(value) && value >= 0;
  if (!fits) throw new RangeError(`${what} is no integer from 0 to ${largest}: ${value}`);
  return value;
}

/** A name, a path or the target of a link as C gets it: it ends at the first NUL there, so it must have none. */
export function checkText(text: string, what: string): string {
  if (text.includes('\0')) throw new TypeError(`${what} has a NUL character in it: ${JSON.stringify(text)}`);
  return text;
}

/** `path` from the root on, without `.`, doubled and trailing slashes. `..` stays: a link may stand before it. */
export function cleanPath(path: string): string {
  if (path === '') throw new TypeError('a path is empty');
  const parts = checkText(path, 'a path')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

/** The path of `name` in the directory `parent`. */
export function joinPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** The directory that a clean path lies in. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

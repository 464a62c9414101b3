/** An offset or a size in bytes, from 0 to 2^63-1; a number must be a safe integer. */
export type Position = number | bigint;

/**
 * A path, a name or the target of a link: a string, which stands for its UTF-8, or the bytes themselves. Names in a
 * container are bytes, as on any Linux; those that are no UTF-8 can be said in no other way.
 */
export type Path = string | Uint8Array;

/** How names are given back: as strings, where what is no UTF-8 becomes U+FFFD, or as they are. */
export interface NameOptions {
  encoding?: 'utf8' | 'buffer' | undefined;
}

const largest = (1n << 63n) - 1n;

/** Refuses what is no position. */
export function checkPosition(value: Position, what: string): Position {
  const fits =
    typeof value === 'bigint' ? value >= 0n && value <= largest : Number.isSafeInteger(value) && value >= 0;
  if (!fits) throw new RangeError(`${what} is no integer from 0 to ${largest}: ${value}`);
  return value;
}

/** A name, a path or the target of a link as C gets it: it ends at the first NUL there, so it must have none. */
export function checkText<Text extends Path>(text: Text, what: string): Text {
  if (typeof text === 'string') {
    if (text.includes('\0'))
      throw new TypeError(`${what} has a NUL character in it: ${JSON.stringify(text)}`);
  } else if (!((text as unknown) instanceof Uint8Array))
    throw new TypeError(`${what} is neither a string nor bytes: ${String(text)}`);
  else if (text.includes(0)) throw new TypeError(`${what} has a NUL byte in it: ${printable(text)}`);
  return text;
}

/** The bytes of a path. */
export function bytesOf(path: Path): Buffer {
  if (typeof path === 'string') return Buffer.from(path);
  return Buffer.isBuffer(path) ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}

/** Applies to the bytes of a path what is written for characters; those of `/` and `.` are none of any other. */
function byCharacter(path: Path, change: (text: string) => string): Path {
  if (typeof path === 'string') return change(path);
  return Buffer.from(change(bytesOf(path).toString('latin1')), 'latin1');
}

/** `path` from the root on, without `.`, doubled and trailing slashes. `..` stays: a link may stand before it. */
export function cleanPath(path: Path): Path {
  if (checkText(path, 'a path').length === 0) throw new TypeError('a path is empty');
  return byCharacter(path, (text) => {
    const parts = text.split('/').filter((part) => part !== '' && part !== '.');
    return `/${parts.join('/')}`;
  });
}

/** The path of `name` in the directory `parent`. */
export function joinPath(parent: string, name: string): string;
export function joinPath(parent: Path, name: Path): Path;
export function joinPath(parent: Path, name: Path): Path {
  if (typeof parent === 'string' && typeof name === 'string')
    return parent === '/' ? `/${name}` : `${parent}/${name}`;
  const above = bytesOf(parent);
  return Buffer.concat([above, Buffer.from(above.at(-1) === 0x2f ? '' : '/'), bytesOf(name)]);
}

/** The directory that a clean path lies in. */
export function parentPath(path: Path): Path {
  return byCharacter(path, (text) => text.slice(0, Math.max(1, text.lastIndexOf('/'))));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Bytes as text that tells all of them: what is no UTF-8 as `\xff`, and then a backslash as two. */
function escaped(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = decoded(bytes.subarray(at, at + length));
    text += character === undefined ? hex(lead) : character === '\\' ? '\\\\' : character;
    at += character === undefined ? 1 : length;
  }
  return text;
}

/** A path for people. */
export function pathText(path: Path): string {
  return typeof path === 'string' ? path : (decoded(path) ?? escaped(path));
}

/** The same in a message, which is one line whatever is in the path. */
export function printable(path: Path): string {
  // eslint-disable-next-line no-control-regex -- these are what it is about
  return pathText(path).replace(/[\0-\x1f\x7f]/g, (character) => hex(character.charCodeAt(0)));
}

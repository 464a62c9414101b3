import { writeSync } from 'node:fs';

/**
 * Writes lines to stderr at once. Not through process.stderr: node makes that stream's descriptor
 * non-blocking where it is a pipe, and the program that `dfskit run` becomes would inherit it so.
 */
export function printError(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Closed, or a full pipe: there is nobody to tell.
  }
}

/** Writes to stdout. A reader that has gone (`dfskit calls | head`) is no error. */
export function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  process.stdout.write(`${text}\n`);
}

/** Writes a value as JSON; 64-bit counts as numbers where they fit, otherwise as strings. */
export function printJson(value: unknown): void {
  const plain = (_key: string, item: unknown): unknown => {
    if (typeof item !== 'bigint') return item;
    return item <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(item) : item.toString();
  };
  print(JSON.stringify(value, plain, 2));
}

/** Rows as columns with a heading; numbers to the right. */
export function columns(heading: string[], rows: (string | number | bigint)[][]): string {
  const cells = [heading, ...rows.map((row) => row.map(String))];
  const widths = heading.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const right = heading.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== 'string'));
  return cells
    .map((row) =>
      row
        .map((cell, i) => (right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

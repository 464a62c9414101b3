import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A mounted container. */
export interface Mount {
  /** Mount point, absolute, links resolved. */
  dir: string;
  /** `POOL/CONT`. */
  container: string;
  readOnly: boolean;
}

/** File system type of our dfuse and of upstream's. */
const fuseType = 'fuse.daos';

const unescape = (field: string): string =>
  Buffer.from(
    field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    'latin1',
  ).toString();

/** What is mounted, in the order of mounting: of two at one place the later one counts. See proc(5). */
function mountTable(): { dir: string; type: string; source: string; readOnly: boolean }[] {
  // As bytes: a name need not be UTF-8, and the escapes are those of bytes.
  return readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const dash = fields.indexOf('-', 6);
      return {
        dir: unescape(fields[4] ?? ''),
        type: fields[dash + 1] ?? '',
        source: unescape(fields[dash + 2] ?? ''),
        readOnly: (fields[5] ?? '').split(',').includes('ro'),
      };
    });
}

/** The containers that this process sees mounted, in the order of mounting. */
export function listMounts(): Mount[] {
  return mountTable()
    .filter(({ type }) => type === fuseType)
    .map(({ dir, source, readOnly }) => ({ dir, container: source, readOnly }));
}

/** The container mounted at `dir` (any way of writing it), if that is what lies on top there. */
export function mountAt(dir: string): Mount | undefined {
  const real = canonical(dir);
  const top = mountTable()
    .filter((mount) => mount.dir === real)
    .at(-1);
  if (top === undefined || top.type !== fuseType) return undefined;
  return { dir: top.dir, container: top.source, readOnly: top.readOnly };
}

/** True when anything is mounted at `dir`. */
export function isMountPoint(dir: string): boolean {
  const real = canonical(dir);
  return mountTable().some((mount) => mount.dir === real);
}

/** Absolute and without links. Works for a mount point whose daemon is dead, which realpath(3) does not enter. */
export function canonical(dir: string): string {
  const absolute = resolve(dir);
  try {
    return realpathSync(absolute);
  } catch {
    try {
      return join(realpathSync(dirname(absolute)), basename(absolute));
    } catch {
      return absolute;
    }
  }
}

/** True when a mount is at `dir` and its daemon has died: every access fails with ENOTCONN. */
export function isStale(dir: string): boolean {
  try {
    lstatSync(dir);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTCONN';
  }
}

import { DfskitError } from '../errors.js';
import { daemonOf, waitForEnd } from './daemon.js';
import { canonical, isStale, mountAt } from './mountinfo.js';
import { findProgram, runProgram } from './programs.js';

export interface UmountOptions {
  /** Takes the mount away at once, also while it is used; it is cleaned up when nobody uses it any more. */
  lazy?: boolean;
}

/** How long a daemon may take to close its container. */
const endSeconds = 30;

function failure(dir: string, code: string, why: string, remedy?: string): DfskitError {
  return new DfskitError({
    code,
    what: `cannot unmount ${dir}`,
    why,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** The command that takes the mount away: fusermount3 works for everybody, umount(8) for root. */
function unmountCommand(dir: string, lazy: boolean): [string, string[]] {
  const fusermount = findProgram('fusermount3');
  if (fusermount !== undefined) return [fusermount, ['-u', ...(lazy ? ['-z'] : []), '--', dir]];
  if (process.getuid?.() === 0) return ['umount', [...(lazy ? ['-l'] : []), dir]];
  throw failure(
    dir,
    'NO_FUSE',
    'fusermount3 is missing, which unmounts for ordinary users',
    'install it: apt-get install fuse3',
  );
}

/**
 * Unmounts a container and waits until its daemon has ended, so that all is written and closed. With `lazy` the
 * daemon lives on while files are open, and nobody waits for it.
 * @throws DfskitError NOT_MOUNTED, MOUNT_BUSY, NO_FUSE or UMOUNT_FAILED
 */
export async function umount(dir: string, { lazy = false }: UmountOptions = {}): Promise<void> {
  const present = mountAt(dir);
  if (present === undefined) {
    throw failure(dir, 'NOT_MOUNTED', 'no container is mounted there', 'see what is: mount -t fuse.daos');
  }
  const stale = isStale(dir);
  const real = canonical(dir);
  const pid = stale ? undefined : daemonOf(real);
  const [command, args] = unmountCommand(real, lazy || stale);
  const { status, stderr } = await runProgram(command, args, process.env);
  if (status !== 0) {
    const why = stderr.trim().split('\n').at(-1) ?? '';
    if (/busy/i.test(why)) {
      throw failure(
        dir,
        'MOUNT_BUSY',
        'programs have files of it open or work in it',
        `end them (fuser -m ${dir} lists them), or unmount with --lazy`,
      );
    }
    throw failure(dir, 'UMOUNT_FAILED', why === '' ? `${command} failed` : why);
  }
  if (pid === undefined || lazy) return;
  if (!(await waitForEnd(pid, endSeconds))) {
    throw failure(dir, 'UMOUNT_FAILED', `the daemon (process ${pid}) does not end`, `kill ${pid}`);
  }
}

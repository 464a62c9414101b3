import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A name in the root of a mount that no readdir shows: a symbolic link to the process id of the daemon. */
const pidName = '\x01dfskit-pid';

/** Process id of the daemon of a mount; `undefined` when it is not ours, dead, or closed to us. */
export function daemonOf(dir: string): number | undefined {
  try {
    const pid = Number(readlinkSync(join(dir, pidName)));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** False also for a process that has ended and that nobody has waited for. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything: the state follows the last one.
    const ended = 'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2).charAt(0));
    // The first thread may have ended before the others, which still hold what the process had open.
    return !ended || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

/** Waits until a process has ended; false when it lives on after `seconds`. */
export async function waitForEnd(pid: number, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

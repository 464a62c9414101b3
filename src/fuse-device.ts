import { accessSync, constants } from 'node:fs';
import { DfskitError } from './errors.js';

/**
 * Makes sure that this machine lets us mount at all: DFSKIT_FUSE_DEVICE, else /dev/fuse, can be opened.
 * @throws DfskitError NO_FUSE
 */
export function requireFuse(what: string): void {
  const device = process.env['DFSKIT_FUSE_DEVICE'] ?? '/dev/fuse';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DfskitError({
      code: 'NO_FUSE',
      what,
      why: missing ? `there is no ${device}` : `${device} may not be opened`,
      remedy: missing
        ? 'load the module: modprobe fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN'
        : `let everybody open it: chmod 666 ${device}`,
    });
  }
}

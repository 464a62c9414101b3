import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createContainer } from '../../src/dfs/index.js';
import { isStale, mount, mountAt, umount, type MountOptions, type Mounted } from '../../src/mount/index.js';
import { binPath } from '../../src/paths.js';
import { execute, temporaryDirectory } from './cli.js';

/** Mounts of a test file, on containers of its own in a store of its own. */
export interface MountBench {
  scratch: string;
  store: string;
  /** Mounts a new container `tank/NAME`. */
  mount(name: string, options?: Partial<MountOptions>): Promise<Mounted>;
  /** A directory to mount on. */
  directory(name: string): string;
  /** Unmounts all that is left, and removes the store. */
  close(): Promise<void>;
}

/** True where dfuse is built and FUSE is there; tests of mounts are skipped otherwise. */
export function canMount(): boolean {
  try {
    binPath('dfuse');
    return existsSync('/dev/fuse');
  } catch {
    return false;
  }
}

/** Sets DFSKIT_STORE of this process too, so that the client reaches the same containers directly. */
export function mountBench(): MountBench {
  const scratch = temporaryDirectory();
  const store = join(scratch.path, 'store');
  const dirs: string[] = [];
  process.env['DFSKIT_STORE'] = store;
  const directory = (name: string): string => {
    const dir = join(scratch.path, 'mnt', name);
    mkdirSync(dir, { recursive: true });
    dirs.push(dir);
    return dir;
  };
  return {
    scratch: scratch.path,
    store,
    directory,
    async mount(name, options = {}) {
      await createContainer({ pool: 'tank', cont: name });
      return mount({ container: `tank/${name}`, dir: directory(name), ...options });
    },
    async close() {
      for (const dir of dirs) {
        while (isStale(dir) || mountAt(dir) !== undefined) await umount(dir, { lazy: isStale(dir) });
      }
      scratch.remove();
    },
  };
}

/** Runs a Python script (for what node lacks: ioctl, mmap, xattr); its output without the last newline. */
export async function python(script: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await execute('python3', ['-c', script, ...args]);
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return stdout.replace(/\n$/, '');
}

import { constants } from 'node:fs';
import * as host from 'node:fs/promises';
import { addon } from './addon.js';
import type { CopyEnd, CopyStats } from './copy-end.js';
import { kindOfHost } from './tree.js';
import { bytesOf, joinPath } from './words.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;

function has(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** No support for attributes is none of them. ENOTSUP, as the addon gives it. */
function none(error: unknown): Buffer[] {
  if (error instanceof Error && 'errno' in error && error.errno === 95) return [];
  throw error;
}

/** The kernel's file systems. */
export const hostEnd: CopyEnd = {
  async lstat(path): Promise<CopyStats> {
    const stats = await host.lstat(path, { bigint: true });
    const kind = kindOfHost(stats);
    const { size, atimeNs, mtimeNs, ctimeNs, ino: inode } = stats;
    return {
      ...{ kind, size, atimeNs, mtimeNs, ctimeNs, inode, mode: Number(stats.mode), uid: Number(stats.uid) },
      ...{ gid: Number(stats.gid), links: Number(stats.nlink), identity: `${stats.dev}:${stats.ino}` },
    };
  },
  absolute: (path) => (path[0] === 0x2f ? path : bytesOf(joinPath(process.cwd(), path))),
  list: (path) => host.readdir(path, { encoding: 'buffer' }),
  readlink: (path) => host.readlink(path, { encoding: 'buffer' }),
  async open(path) {
    // It was a file a moment ago: one that has become a link or a pipe since is neither followed nor waited for.
    const file = await host.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return {
      read: (buffer, position) => addon().hostRead(file.fd, buffer, position),
      seek: (position, hole) => addon().hostSeek(file.fd, position, hole),
      [Symbol.asyncDispose]: () => file.close(),
    };
  },
  listXattrs: (path) => addon().hostListXattrs(path).catch(none),
  getXattr: (path, name) => addon().hostGetXattr(path, name),

  async makeDirectory(path, parents) {
    try {
      await host.mkdir(path, { mode: 0o700 });
    } catch (error) {
      if (has(error, 'EEXIST') && (await host.stat(path)).isDirectory()) return;
      if (!parents || !has(error, 'ENOENT')) throw error;
      await this.makeDirectory(path.subarray(0, Math.max(1, path.lastIndexOf('/'))), true);
      await host.mkdir(path, { mode: 0o700 });
    }
  },
  symlink: (target, path) => host.symlink(target, path),
  link: (path, newPath) => host.link(path, newPath),
  unlink: (path) => host.unlink(path),
  async create(path) {
    const file = await host.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
    return {
      write: (data, position) => addon().hostWrite(file.fd, data, position),
      truncate: (size) => addon().hostTruncate(file.fd, size),
      [Symbol.asyncDispose]: () => file.close(),
    };
  },
  setXattr: (path, name, value) => addon().hostSetXattr(path, name, value),
  chown: (path, uid, gid) => host.lchown(path, uid, gid),
  chmod: (path, mode) => host.chmod(path, mode),
  setTimes: (path, atimeNs, mtimeNs) => addon().hostUtimes(path, atimeNs, mtimeNs),
};

import type { CopyEnd } from './copy-end.js';
import { DfsError } from './error.js';
import type { FileSystem } from './file-system.js';

/** The files of a container. */
export function containerEnd(fs: FileSystem): CopyEnd {
  return {
    async lstat(path) {
      const stats = await fs.lstat(path);
      return { ...stats, identity: String(stats.inode) };
    },
    absolute: (path) => path,
    list: async (path) => (await fs.readdir(path, { encoding: 'buffer' })).map((entry) => entry.name),
    readlink: (path) => fs.readlink(path, { encoding: 'buffer' }),
    async open(path) {
      const file = await fs.open(path);
      // Not every DFS library says where holes are.
      const seeks = await file.seekHole(0).then(
        () => true,
        (error: unknown) => {
          if (error instanceof DfsError && error.code === 'ENOTSUP') return false;
          throw error;
        },
      );
      return {
        read: (buffer, position) => file.read(buffer, position),
        seek: seeks
          ? (position, hole) => (hole ? file.seekHole(position) : file.seekData(position))
          : undefined,
        [Symbol.asyncDispose]: () => file.close(),
      };
    },
    listXattrs: (path) => fs.listXattrs(path, { follow: false, encoding: 'buffer' }),
    getXattr: (path, name) => fs.getXattr(path, name, { follow: false }),

    async makeDirectory(path, parents) {
      try {
        await fs.mkdir(path, { mode: 0o700 });
      } catch (error) {
        if (!(error instanceof DfsError)) throw error;
        if (error.code === 'EEXIST' && (await fs.stat(path)).kind === 'directory') return;
        if (!parents || error.code !== 'ENOENT') throw error;
        await fs.mkdir(path.subarray(0, Math.max(1, path.lastIndexOf('/'))), { recursive: true });
        await fs.mkdir(path, { mode: 0o700 });
      }
    },
    symlink: (target, path) => fs.symlink(target, path),
    link: (path, newPath) => fs.link(path, newPath),
    unlink: (path) => fs.unlink(path),
    async create(path) {
      const file = await fs.open(path, { read: false, create: true, truncate: true, mode: 0o600 });
      return {
        write: (data, position) => file.write(data, position),
        truncate: (size) => file.truncate(size),
        [Symbol.asyncDispose]: () => file.close(),
      };
    },
    setXattr: (path, name, value) => fs.setXattr(path, name, value, { follow: false }),
    chown: (path, uid, gid) => fs.chown(path, { uid, gid, follow: false }),
    chmod: (path, mode) => fs.chmod(path, mode),
    setTimes: (path, atimeNs, mtimeNs) => fs.lutimes(path, atimeNs, mtimeNs),
  };
}

import { failed, type Operation, type Wording } from './error.js';
import { formatContainer, type ContainerName } from './name.js';

/** The directory of the store, in a message. */
export const store = (): string => process.env['DFSKIT_STORE'] ?? 'the default store';

/** What goes wrong with a whole container, in words. */
export function wording(operation: Operation, name: ContainerName): Wording {
  const text = formatContainer(name);
  return {
    operation,
    what: failed(operation, { path: text }),
    why: {
      ENOENT: 'no such container',
      EEXIST: 'it exists',
      EBUSY: 'it is in use',
      EACCES: 'permission denied',
      EIO: 'the store is damaged or its disk fails',
      EREMOTE: 'another machine uses it: it lies on a network file system',
      EUCLEAN: 'the store is damaged',
      EPROTONOSUPPORT: 'the store was written by another version of dfskit',
    },
    remedies: {
      ENOENT: `list what is there: dfskit cont list ${name.pool}; create it: dfskit cont create ${text}`,
      EEXIST: `destroy it first (dfskit cont destroy ${text}) or take another name`,
      EBUSY: 'unmount it and end the programs that use it, or destroy it with --force',
      EACCES: `see who owns DFSKIT_STORE (${store()})`,
      EIO: `the store is damaged: dfskit cont check ${text} says where; restore it from a backup`,
      ELIBACC: 'build it: npm run setup; which one is wanted says DFSKIT_PROVIDER',
      EREMOTE: 'open it there; when that machine is gone for good, remove the file STORE/POOL/CONT/host',
      EUCLEAN: `see what can be repaired (dfskit cont check ${text}), or restore the store from a backup`,
      EPROTONOSUPPORT: 'use the version of dfskit that wrote the store, or copy the files over',
      EROFS: `see how the file system of DFSKIT_STORE is mounted (${store()})`,
      ENOSPC: `make room in DFSKIT_STORE (${store()})`,
    },
  };
}

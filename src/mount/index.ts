export { mount, type Caching, type MountOptions, type Mounted } from './mount.js';
export { umount, type UmountOptions } from './umount.js';
export { isStale, listMounts, mountAt, type Mount } from './mountinfo.js';
export { daemonOf } from './daemon.js';

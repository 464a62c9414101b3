export { connect, FileSystem } from './file-system.js';
export type {
  ConnectOptions,
  Content,
  OpenOptions,
  ReadFileOptions,
  WriteFileOptions,
} from './file-system.js';
export type { AccessMode, FollowOptions } from './attributes.js';
export { Directory } from './directory.js';
export { FileHandle } from './file-handle.js';
export type { Dirent, Kind, Stats } from './stats.js';
export type { ReadableOptions, WritableOptions } from './streams.js';
export type { Copied, CopyOptions } from './copy.js';
export { CopyError, type CopyFailure } from './copy-error.js';
export type { WalkEntry, WalkOptions } from './walk.js';
export type { NameOptions, Path, Position } from './words.js';
export {
  checkContainer,
  containerInfo,
  createContainer,
  destroyContainer,
  listContainers,
  type CheckOptions,
  type CheckResult,
  type ContainerInfo,
} from './container.js';
export {
  deleteUserAttribute,
  getUserAttribute,
  listUserAttributes,
  setUserAttribute,
} from './user-attributes.js';
export { createSnapshot, destroySnapshot, listSnapshots, type Snapshot } from './snapshot.js';
export { DfsError, type Operation } from './error.js';
export { formatContainer, isLabel, parseContainer, parseSnapshot, type ContainerName } from './name.js';

export { DfsClient, type DfsDirent, type DfsStat } from './client.js';
export {
  checkContainer,
  containerInfo,
  createContainer,
  destroyContainer,
  listContainers,
  type ContainerInfo,
} from './container.js';
export { createSnapshot, destroySnapshot, listSnapshots, type Snapshot } from './snapshot.js';
export { DfsError } from './error.js';
export { formatContainer, isLabel, parseContainer, parseSnapshot, type ContainerName } from './name.js';

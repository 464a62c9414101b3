export { DfsClient, type DfsDirent, type DfsStat } from './client.js';
export {
  checkContainer,
  containerInfo,
  createContainer,
  destroyContainer,
  listContainers,
  type ContainerInfo,
} from './container.js';
export { DfsError } from './error.js';
export { formatContainer, isLabel, parseContainer, type ContainerName } from './name.js';

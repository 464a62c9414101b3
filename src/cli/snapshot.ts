import type { Command } from 'commander';
import { formatContainer, parseContainer, parseSnapshot } from '../dfs/name.js';
import { DfskitError } from '../errors.js';
import { print, printJson } from './output.js';

/** `dfskit snapshot`: what a container was like. */
export function addSnapshot(dfskit: Command): void {
  const snapshot = dfskit.command('snapshot').description('take, list and destroy snapshots of a container');

  snapshot
    .command('create')
    .argument('<POOL/CONT[@NAME]>')
    .description('take a snapshot; costs nothing, however large the container is')
    .option('--json', 'as a JSON object')
    .action(async (text: string, { json }: { json?: true }) => {
      const { container, snapshot: name } = parseSnapshot(text);
      const { createSnapshot } = await import('../dfs/snapshot.js');
      const epoch = await createSnapshot(container, name);
      if (json) printJson({ container: formatContainer(container), name: name ?? '', epoch });
      else print(`${formatContainer(container)}@${name ?? epoch}`);
    });

  snapshot
    .command('list')
    .argument('<POOL/CONT>')
    .description('list the snapshots of a container, oldest first')
    .option('--json', 'as a JSON array')
    .action(async (text: string, { json }: { json?: true }) => {
      const { listSnapshots } = await import('../dfs/snapshot.js');
      const found = await listSnapshots(parseContainer(text));
      if (json) printJson(found);
      else {
        for (const { name, epoch } of found) {
          print(`${epoch}  ${new Date(Number(epoch) / 1000).toISOString()}  ${name}`.trimEnd());
        }
      }
    });

  snapshot
    .command('destroy')
    .argument('<POOL/CONT@NAME>')
    .description('destroy a snapshot, by name or epoch, and give its space back')
    .action(async (text: string) => {
      const { container, snapshot: name } = parseSnapshot(text);
      if (name === undefined) {
        throw new DfskitError({
          code: 'BAD_NAME',
          what: `cannot destroy a snapshot of ${text}`,
          why: 'not said which one',
          remedy: `name it: ${text}@NAME`,
          status: 2,
        });
      }
      const { destroySnapshot } = await import('../dfs/snapshot.js');
      await destroySnapshot(container, name);
    });
}

import type { Command } from 'commander';
import { isLabel, parseContainer } from '../dfs/name.js';
import { DfskitError } from '../errors.js';
import { addContAttributes } from './cont-attributes.js';
import { print, printJson } from './output.js';

/** Each container, and below it its snapshots as POOL/CONT@NAME, oldest first. */
async function withSnapshots(containers: readonly string[]): Promise<string[]> {
  const { listSnapshots } = await import('../dfs/snapshot.js');
  const names: string[] = [];
  for (const container of containers) {
    const found = await listSnapshots(container);
    names.push(container, ...found.map(({ name, epoch }) => `${container}@${name === '' ? epoch : name}`));
  }
  return names;
}

/** Statuses of `cont check`. */
const repaired = 3;
const damaged = 4;

interface JsonOption {
  json?: true;
}

/** `dfskit cont`: the containers of a store. */
export function addCont(dfskit: Command): void {
  const cont = dfskit
    .command('cont')
    .description('create, list, look at, check and destroy containers; their attributes');

  cont
    .command('create')
    .argument('<POOL/CONT>')
    .description('create a container; the pool begins with its first one')
    .option('--chunk-size <bytes>', 'bytes of a file that lie together; K, M and G are known', parseSize)
    .action(async (text: string, options: { chunkSize?: number }) => {
      const name = parseContainer(text);
      const { createContainer } = await import('../dfs/container.js');
      await createContainer(name, options);
    });

  cont
    .command('list')
    .argument('<POOL>')
    .description('list the containers of a pool')
    .option('--snapshots', 'with their snapshots, as POOL/CONT@NAME')
    .option('--json', 'as a JSON array')
    .action(async (pool: string, { json, snapshots }: JsonOption & { snapshots?: true }) => {
      if (!isLabel(pool)) {
        throw new DfskitError({
          code: 'BAD_NAME',
          what: `cannot list ${pool}`,
          why: 'not the label of a pool',
          status: 2,
        });
      }
      const { listContainers } = await import('../dfs/container.js');
      const containers = (await listContainers(pool)).map((label) => `${pool}/${label}`);
      const names = snapshots === true ? await withSnapshots(containers) : containers;
      if (json) printJson(names);
      else if (names.length > 0) print(names.join('\n'));
    });

  cont
    .command('info')
    .argument('<POOL/CONT>')
    .description('say what a container is')
    .option('--json', 'as a JSON object')
    .action(async (text: string, { json }: JsonOption) => {
      const name = parseContainer(text);
      const { containerInfo } = await import('../dfs/container.js');
      const { listSnapshots } = await import('../dfs/snapshot.js');
      const info = await containerInfo(name);
      const snapshots = await listSnapshots(name);
      if (json) printJson({ ...info, snapshots: snapshots.length });
      else {
        print(
          [
            `container     ${info.pool}/${info.cont}`,
            `chunk size    ${info.chunkSize} bytes`,
            `object class  ${info.objectClass}`,
            `consistency   ${info.mode === 4 ? 'balanced' : 'relaxed'}`,
            `snapshots     ${snapshots.length}`,
          ].join('\n'),
        );
      }
    });

  cont
    .command('check')
    .argument('<POOL/CONT>')
    .description('check that a container contradicts itself nowhere and can be read')
    .option('--repair', 'set right what is wrong, and remove what has no name any more')
    .option('--relink', 'the same, but give a name below /lost+found to what has none')
    .option('--no-read', 'names and records only: do not read the bytes of the files')
    .addHelpText(
      'after',
      `\nStatus: 0 nothing is wrong, ${repaired} all that was wrong is repaired, ${damaged} something is wrong.`,
    )
    .action(async (text: string, options: { repair?: true; relink?: true; read: boolean }) => {
      const name = parseContainer(text);
      const { checkContainer } = await import('../dfs/container.js');
      const result = await checkContainer(name, {
        read: options.read,
        ...(options.relink ? { repair: 'relink' } : options.repair ? { repair: 'remove' } : {}),
      });
      if (result.found === 0) return print(`${text}: consistent`);
      print(result.findings.join('\n'));
      if (result.repaired === result.found) {
        print(`${text}: ${result.found} found, all repaired`);
        process.exitCode = repaired;
        return;
      }
      throw new DfskitError({
        code: 'DAMAGED',
        what: `container ${text} contradicts itself`,
        why: `${result.found - result.repaired} found`,
        remedy: `see them above; set them right: dfskit cont check --repair ${text} (or --relink, which keeps what has no name)`,
        status: damaged,
      });
    });

  cont
    .command('destroy')
    .argument('<POOL/CONT>')
    .description('destroy a container and the files in it')
    .option('--force', 'also while it is in use')
    .action(async (text: string, options: { force?: boolean }) => {
      const name = parseContainer(text);
      const { destroyContainer } = await import('../dfs/container.js');
      await destroyContainer(name, options);
    });

  addContAttributes(cont);
}

/** Bytes of a size like `1M`. */
function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)(?:i?B)?$/i.exec(text);
  const [, digits = '', unit = ''] = match ?? [];
  const bytes = Number(digits) * 1024 ** ' KMG'.indexOf(unit === '' ? ' ' : unit.toUpperCase());
  if (match !== null && bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new DfskitError({
    code: 'BAD_SIZE',
    what: `cannot use ${text} as a size`,
    why: 'not a number of bytes',
    remedy: 'examples: 4096, 64K, 1M',
    status: 2,
  });
}

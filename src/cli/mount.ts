import type { Command } from 'commander';
import { formatContainer, parseSnapshot } from '../dfs/name.js';

const collect = (word: string, words: string[]): string[] => [...words, ...word.split(',')];

// An epoch is a number, and a name is never one.
const snapshotOption = (snapshot: string): string =>
  /^\d+$/.test(snapshot) ? `snap-epoch=${snapshot}` : `snap=${snapshot}`;

/** `dfskit mount` and `dfskit umount`. */
export function addMount(dfskit: Command): void {
  dfskit
    .command('mount')
    .argument('<POOL/CONT[@SNAPSHOT]>')
    .argument('<DIR>', 'an empty directory')
    .description('mount a container with dfuse; needs no root')
    .option(
      '-o <options>',
      'options of dfuse by commas: caching=none|coherent|cached, ro, allow_other',
      collect,
      [],
    )
    .action(async (text: string, dir: string, { o }: { o: string[] }) => {
      const { container: name, snapshot } = parseSnapshot(text);
      const { mount } = await import('../mount/index.js');
      const snap = snapshot === undefined ? [] : [snapshotOption(snapshot)];
      await mount({ container: formatContainer(name), dir, options: [...o, ...snap] });
    });

  dfskit
    .command('umount')
    .alias('unmount')
    .argument('<DIR>')
    .description('unmount what dfskit mounted')
    .option('--lazy', 'now, and clean up when nobody uses it any more')
    .action(async (dir: string, { lazy = false }: { lazy?: boolean }) => {
      const { umount } = await import('../mount/index.js');
      await umount(dir, { lazy });
    });
}

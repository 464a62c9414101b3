import type { Command } from 'commander';
import { formatContainer, parseContainer } from '../dfs/name.js';

const collect = (word: string, words: string[]): string[] => [...words, ...word.split(',')];

/** `dfskit mount` and `dfskit umount`. */
export function addMount(dfskit: Command): void {
  dfskit
    .command('mount')
    .argument('<POOL/CONT>')
    .argument('<DIR>', 'an empty directory')
    .description('mount a container with dfuse; needs no root')
    .option(
      '-o <options>',
      'options of dfuse by commas: caching=none|coherent|cached, ro, allow_other',
      collect,
      [],
    )
    .action(async (text: string, dir: string, { o }: { o: string[] }) => {
      const container = formatContainer(parseContainer(text));
      const { mount } = await import('../mount/index.js');
      await mount({ container, dir, options: o });
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

import type { Command } from 'commander';

/** `dfskit compare`: the four ways to the same files, measured side by side. */
export function addCompare(dfskit: Command): void {
  dfskit
    .command('compare')
    .description('measure dfs, dfuse, ioil and pil4dfs side by side')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options: object, command: Command) => {
      const { compareCommand } = await import('../harness/command.js');
      await compareCommand(dfskit, command.args);
    });
}

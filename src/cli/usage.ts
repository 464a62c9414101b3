import type { Command } from 'commander';

/** Answers a wrong command line of `command`, and of what it is made of, with the right one. */
export function showUsage(command: Command, words = command.name()): void {
  command.showHelpAfterError(`dfskit: usage: ${words} ${command.usage()}`);
  for (const sub of command.commands) showUsage(sub, `${words} ${sub.name()}`);
}

#!/usr/bin/env node
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { DfskitError, formatError } from '../errors.js';
import { printError } from './output.js';
import { addCalls } from './calls.js';
import { addCompare } from './compare.js';
import { addCont } from './cont.js';
import { addEnv } from './env.js';
import { addMetrics } from './metrics.js';
import { addMount } from './mount.js';
import { addSnapshot } from './snapshot.js';
import { addRun, runFailure } from './run.js';
import { showUsage } from './usage.js';

function program(): Command {
  const dfskit = new Command('dfskit')
    .description('Speed for unmodified programs on DFS, the POSIX layer of DAOS.')
    // `dfskit run CMD --help` is CMD's help.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'dfskit: cannot read the command line: ')),
    })
    .exitOverride();
  for (const add of [addCont, addSnapshot, addMount, addRun, addEnv, addCompare, addCalls, addMetrics])
    add(dfskit);
  showUsage(dfskit);
  return dfskit;
}

/** Runs the command line and gives back the exit status. */
async function main(args: string[]): Promise<number> {
  const running = args[0] === 'run';
  // The library, a daemon or the program may have another working directory.
  const store = process.env['DFSKIT_STORE'];
  if (store !== undefined && store !== '') process.env['DFSKIT_STORE'] = resolve(store);
  try {
    await program().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for; everything else is a wrong command line.
      if (error.exitCode === 0) return 0;
      return running ? runFailure : 2;
    }
    printError(formatError(error));
    if (running) return error instanceof DfskitError && error.status > 100 ? error.status : runFailure;
    return error instanceof DfskitError ? error.status : 70;
  }
}

const status = await main(process.argv.slice(2));
// A subcommand may have set a status of its own without failing.
if (status !== 0) process.exitCode = status;

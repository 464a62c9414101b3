import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';
import { removeTree } from './remove.js';

/** The command as users start it. */
export const dfskitCommand = join(packageRoot, 'scripts/dfskit.sh');

export interface Result {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  pid: number;
}

export interface Options {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  input?: string | Buffer;
}

/** Runs a program to its end. */
export function execute(
  command: string,
  args: string[],
  { env, cwd, input = '' }: Options = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, cwd });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr, pid: child.pid ?? -1 }));
  });
}

/** Runs `dfskit ARG…` to its end. */
export function dfskit(args: string[], options: Options = {}): Promise<Result> {
  return execute(dfskitCommand, args, options);
}

/** A directory of a test's own, and how to remove it. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'dfskit-test-'));
  return { path, remove: () => removeTree(path) };
}

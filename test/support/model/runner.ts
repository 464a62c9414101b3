import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildDirectory, built, compile } from '../build.js';

/** The program of test/support/model/model.h over one of its two interfaces. */
export function modelProgram(directory: string, api: 'posix' | 'dfs'): string {
  const library =
    api === 'dfs' ? [built('lib', 'libdfs_local.so'), `-Wl,-rpath,${join(buildDirectory, 'lib')}`] : [];
  return compile(directory, `model-${api}`, ['model/model.c', `model/model_${api}.c`], library);
}

/** A running model program: lines in, answers out, in order. */
export class ModelProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly started: Promise<string>;
  private readonly waiting: ((answer: string) => void)[] = [];

  constructor(program: string, where: string, env: NodeJS.ProcessEnv = {}, wrapper: string[] = []) {
    const [command = program, ...args] = [...wrapper, program, where];
    this.child = spawn(command, args, { env: { ...process.env, ...env } });
    this.child.stdin.on('error', () => undefined);
    this.child.stderr.pipe(process.stderr);
    this.started = new Promise((resolve) => this.waiting.push(resolve));
    createInterface(this.child.stdout).on('line', (line) => this.waiting.shift()?.(line));
    this.child.on('close', () => this.waiting.splice(0).forEach((resolve) => resolve('gone')));
  }

  /** The answer is 'gone' when the program ended before it gave one. */
  ask(line: string): Promise<string> {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return resolve('gone');
      this.waiting.push(resolve);
      this.child.stdin.write(`${line}\n`);
    });
  }

  async askAll(lines: readonly string[]): Promise<string[]> {
    return Promise.all(lines.map((line) => this.ask(line)));
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin.end();
    await closed;
  }
}

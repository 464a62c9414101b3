import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { DfskitError } from '../errors.js';
import type { Round } from './results.js';

/** How a driver reaches its files. */
export interface DriverOptions {
  /** Path of dfskit-bench. */
  program: string;
  api: 'posix' | 'dfs';
  /** Directory to work in: of the file system for posix, of the container for dfs. */
  directory: string;
  /** POOL/CONT, for dfs. */
  container?: string;
  environment: NodeJS.ProcessEnv;
  files: number;
  fileMib: number;
  /** Milliseconds until a round that does not end counts as failed. Default: two minutes. */
  patience?: number;
}

/** Whoever can run rounds of a workload. */
export interface RoundRunner {
  /** @throws Error when the workload fails; the next round may work again */
  round(workload: string, ops: number): Promise<Round>;
  /** Removes the files of the workload that ran last. */
  leave(): Promise<void>;
}

type Answer = { error?: string } & Partial<Round> & { ready?: boolean; left?: boolean };

/** A driver that stays alive, so that ways can take turns in short rounds. */
export class Driver implements RoundRunner {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #patience: number;
  readonly #answers: Answer[] = [];
  #waiting: ((answer: Answer) => void) | undefined;
  #complaint = '';
  #ended: string | undefined;
  readonly #closed: Promise<void>;

  private constructor(options: DriverOptions) {
    const args = ['--api', options.api, '--dir', options.directory, '--rounds', '--remove-dir'];
    args.push('--files', String(options.files), '--file-mib', String(options.fileMib));
    if (options.container !== undefined) args.push('--cont', options.container);
    this.#patience = options.patience ?? 120_000;
    this.#child = spawn(options.program, args, { env: options.environment, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (data: Buffer) => (this.#complaint += data.toString()));
    // A driver that is gone is noticed by its end; writing to it must not end us.
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
    this.#closed = new Promise((resolve) => {
      const end = (why: string): void => {
        this.#ended ??=
          this.#complaint.trim() === '' ? why : `${why}: ${this.#complaint.trim().split('\n').at(-1)}`;
        this.#waiting?.({ error: this.#ended });
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('close', (code, signal) => end(`the driver ended (${signal ?? `status ${code}`})`));
    });
  }

  /** Starts a driver and waits until it has opened its container. */
  static async start(options: DriverOptions): Promise<Driver> {
    const driver = new Driver(options);
    const answer = await driver.#answer();
    if (answer.ready !== true) {
      await driver.stop();
      throw new DfskitError({
        code: 'DRIVER',
        what: `cannot start ${options.program} --api ${options.api} on ${options.directory}`,
        why: answer.error ?? 'it gave no answer',
        remedy: 'dfskit doctor looks at the installation',
      });
    }
    return driver;
  }

  async round(workload: string, ops: number): Promise<Round> {
    const answer = await this.#ask(`round ${workload} ${ops}`);
    const { seconds, latency, bytes, batch } = answer;
    if (answer.error !== undefined || seconds === undefined || latency === undefined) {
      throw new Error(answer.error ?? 'the driver gave an answer without a time');
    }
    return { ops: answer.ops ?? 0, seconds, latency, bytes: bytes ?? 0, batch: batch ?? 1 };
  }

  async leave(): Promise<void> {
    await this.#ask('leave');
  }

  /** Lets the driver remove its files and end; kills it after ten seconds. */
  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#child.stdin.end('quit\n');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#closed;
    clearTimeout(kill);
  }

  /** Ends the driver at once; a round that runs fails. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      answer = { error: `the driver said: ${line}` };
    }
    if (this.#waiting === undefined) this.#answers.push(answer);
    else this.#waiting(answer);
  }

  async #ask(command: string): Promise<Answer> {
    if (this.#ended !== undefined) return { error: this.#ended };
    this.#child.stdin.write(`${command}\n`);
    return this.#answer();
  }

  async #answer(): Promise<Answer> {
    const ready = this.#answers.shift();
    if (ready !== undefined) return ready;
    if (this.#ended !== undefined) return { error: this.#ended };
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        // Its answer would be taken for that of the next round: a driver that hangs is of no more use.
        this.#child.kill('SIGKILL');
        this.#complaint = `no answer within ${this.#patience / 1e3} s`;
      }, this.#patience);
      this.#waiting = (answer) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(answer);
      };
    });
  }
}

import { spawn } from 'node:child_process';

/** How a command ended. */
export interface Outcome {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  /** The whole environment: nothing is inherited. */
  env: NodeJS.ProcessEnv;
  input?: string;
  /** After this the command and its children are killed and the run fails. */
  seconds?: number;
}

/** The limit of a run that names none. */
export const defaultSeconds = 60;

/**
 * Runs a command to its end. It leads its own process group, so that nothing of it stays behind when it
 * has to be killed.
 */
export function run(
  command: string,
  args: string[],
  { cwd, env, input, seconds = defaultSeconds }: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // Without input it is /dev/null: a pipe of node is a socket, by which bash takes itself for a remote shell.
    const child = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, seconds * 1000);
    child.stdout?.on('data', (data: Buffer) => out.push(data));
    child.stderr?.on('data', (data: Buffer) => err.push(data));
    child.stdin?.on('error', () => undefined).end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      // latin1 keeps every byte: names and contents need not be UTF-8.
      const stdout = Buffer.concat(out).toString('latin1');
      const stderr = Buffer.concat(err).toString('latin1');
      if (late)
        reject(
          new Error(
            `${[command, ...args].join(' ').slice(0, 300)}: no end within ${seconds} s\n${stdout}\n${stderr}`,
          ),
        );
      else resolve({ status, signal, stdout, stderr });
    });
  });
}

/** Kills a process that leads its group, and the group. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

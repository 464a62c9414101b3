import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

type Undo = () => void | Promise<void>;

/** Milliseconds that work which was interrupted has to notice it. */
const patience = 10_000;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What was set up and has to be taken down again, last first. */
export class CleanUpStack {
  readonly #undos: { what: string; undo: Undo }[] = [];
  readonly #interrupters: (() => void)[] = [];
  #running: Promise<Error[]> | undefined;
  /** A signal came: whatever fails from now on fails because it is being taken down, and is no result. */
  interrupted = false;

  /**
   * Remembers how to undo what was just done.
   * @param what  for the message when undoing fails: `unmount /tmp/x`
   * @returns a function that undoes it now, once
   * @throws Error when a signal came: what sets up must not go on (what was just done is undone all the same)
   */
  defer(what: string, undo: Undo): () => Promise<void> {
    const entry = { what, undo };
    this.#undos.push(entry);
    this.check();
    return async () => {
      const index = this.#undos.indexOf(entry);
      if (index < 0) return;
      this.#undos.splice(index, 1);
      await undo();
    };
  }

  /** Remembers what makes the work end early: a program that it waits for is killed. */
  onInterrupt(act: () => void): void {
    this.#interrupters.push(act);
  }

  /** Has the work end early. */
  interrupt(): void {
    this.interrupted = true;
    for (const act of this.#interrupters) act();
  }

  /** @throws Error when a signal came */
  check(): void {
    if (this.interrupted) throw new Error('interrupted');
  }

  /**
   * Undoes everything, last first. One that fails does not keep the others from being undone.
   * A second call waits for the first.
   * @returns what failed
   */
  async run(): Promise<Error[]> {
    this.#running ??= this.#unwind();
    const errors = await this.#running;
    this.#running = undefined;
    return errors;
  }

  async #unwind(): Promise<Error[]> {
    const errors: Error[] = [];
    for (let entry = this.#undos.pop(); entry !== undefined; entry = this.#undos.pop()) {
      try {
        await entry.undo();
      } catch (cause) {
        errors.push(
          new Error(`cannot ${entry.what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          }),
        );
      }
    }
    return errors;
  }
}

/**
 * Runs `work` and cleans up after it, whether it returns, throws or is interrupted by SIGINT, SIGTERM or SIGHUP; then the
 * process ends with 128 + the signal's number, as a shell reports it.
 * @param report  gets what could not be cleaned up
 */
export async function withCleanUp<T>(
  work: (stack: CleanUpStack) => Promise<T>,
  report: (errors: Error[]) => void,
): Promise<T> {
  const stack = new CleanUpStack();
  let settled: Promise<unknown> = Promise.resolve();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stack.interrupted) return;
    stack.interrupt();
    void (async () => {
      // What the work is setting up at this moment has to be known before it can be undone.
      await Promise.race([settled, sleep(patience)]);
      const errors = await stack.run();
      if (errors.length > 0) report(errors);
      process.exit(128 + constants.signals[signal]);
    })();
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const running = work(stack);
    settled = running.catch(() => undefined);
    return await running;
  } finally {
    // The signal's handler reports and ends the process; the failures that it caused are nobody's business.
    if (stack.interrupted) await new Promise(() => undefined);
    const errors = await stack.run();
    if (errors.length > 0) report(errors);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

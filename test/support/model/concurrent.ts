import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { linearizable, type Call } from './linear.js';
import { ModelProcess, modelProgram } from './runner.js';

const names = ['x0', 'x1', 'x2'];
const name = fc.constantFrom(...names);
const call = fc.oneof(
  name.map((x) => `mkdir ${x} 0755`),
  name.map((x) => `rmdir ${x}`),
  name.map((x) => `readlink ${x}`),
  fc
    .tuple(name, name, fc.constantFrom(0, 1))
    .filter(([a, b]) => a !== b)
    .map(([a, b, flags]) => `rename ${a} ${b} ${flags}`),
);

/** Lets four processes make random calls on the same three names, and looks for an order that explains the answers. */
export async function compareWithSomeOrder(place: string, rounds: number, length: number): Promise<void> {
  const directory = mkdtempSync(join(place, 'dfskit-linear-'));
  const env = { DFSKIT_STORE: join(directory, 'store') };
  const processes = Array.from(
    { length: 4 },
    () => new ModelProcess(modelProgram(directory, 'dfs'), 'pool/cont', env),
  );
  let clock = 0;
  try {
    for (const process of processes) {
      const started = await process.started;
      if (started !== 'ok') throw new Error(started);
    }
    const scripts = fc.array(fc.array(call, { minLength: length, maxLength: length }), {
      minLength: 4,
      maxLength: 4,
    });
    for (const script of fc.sample(scripts, rounds)) {
      const history: Call[][] = await Promise.all(
        processes.map(async (process, p) => {
          const calls: Call[] = [];
          for (const operation of script[p] ?? []) {
            const from = clock++;
            const answer = await process.ask(operation);
            calls.push({ operation, answer, from, to: clock++ });
          }
          return calls;
        }),
      );
      if (!linearizable(history)) throw new Error(`no order explains ${JSON.stringify(history)}`);
      await processes[0]?.askAll(names.map((x) => `rmdir ${x}`));
    }
  } finally {
    await Promise.all(processes.map((process) => process.end()));
    rmSync(directory, { recursive: true, force: true });
  }
}

// What a shim adds to a call whose path or descriptor is not ours, by symbol and by libc's own system call.
import Table from 'cli-table3';
import { $ } from 'zx';
import { conditions, median, program } from './shims.mjs';

const rounds = 9;

/** Nanoseconds that a shim may add, by the kind of call. */
const targets = { symbol: 5, libc: 15 };

/** Runs the driver with every shim in turn. @returns the table as text, and all numbers */
export async function passthrough() {
  const driver = program('dfskit-bench-calls');
  const all = conditions();
  const samples = new Map(all.map(({ name }) => [name, new Map()]));
  const kinds = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const { name, environment } of all) {
      const { stdout } = await $({ quiet: true, verbose: false, env: { ...process.env, ...environment } })`${driver}`;
      for (const [call, { kind, number, ...times }] of Object.entries(JSON.parse(stdout).calls)) {
        kinds.set(call, { kind, target: targets[kind] * number });
        const list = samples.get(name).get(call) ?? [];
        samples.get(name).set(call, [...list, times]);
      }
    }
  }

  const [plain, ...shims] = all;
  const table = new Table({
    head: ['call', 'kind', 'plain', ...shims.map(({ name }) => name), 'target'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', ...shims.map(() => 'right'), 'right', 'right'],
  });
  const data = { unit: 'ns', rounds, calls: {} };
  for (const [call, { kind, target }] of kinds) {
    const base = samples.get(plain.name).get(call);
    const above = (name) => median(samples.get(name).get(call).map((times) => times.above));
    const added = shims.map(({ name }) => above(name) - above(plain.name));
    const whole = median(base.map((times) => times.call));
    table.push([
      call,
      kind,
      `${whole.toFixed(1)} ns`,
      ...added.map((value) => `${value < 0 ? '' : '+'}${value.toFixed(1)} ns`),
      `≤ +${target} ns`,
    ]);
    data.calls[call] = {
      kind,
      target,
      plain: whole,
      added: Object.fromEntries(shims.map(({ name }, index) => [name, added[index]])),
      samples: Object.fromEntries(all.map(({ name }) => [name, samples.get(name).get(call)])),
    };
  }
  return { text: `Calls that are none of ours: what a shim adds\n${table}`, data };
}

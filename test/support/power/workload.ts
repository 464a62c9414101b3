import { constants } from 'node:fs';

const create = constants.O_RDWR | constants.O_CREAT;

/** A file as it should be: its bytes are those of `write 0 SIZE SEED`, and line `synced` made them durable. */
export interface Expected {
  size: number;
  seed: number;
  synced: number;
}

export interface Script {
  lines: string[];
  /** The files after each number of lines. */
  states: Map<string, Expected>[];
  /** Line n, once answered, makes all names before it durable. */
  syncs: number[];
}

/** Files are written, replaced by rename(2) as careful programs do it, removed, and synced now and then. */
export function workload(rounds: number): Script {
  const lines: string[] = [];
  const syncs: number[] = [];
  const files = new Map<string, Expected>();
  const states = [new Map(files)];
  const line = (words: string, effect: () => void = () => undefined): void => {
    lines.push(words);
    effect();
    if (/^f?sync/.test(words)) syncs.push(lines.length);
    states.push(new Map([...files].map(([name, file]) => [name, { ...file }])));
  };
  const put = (name: string, seed: number, sync: boolean): void => {
    const size = 1 + ((seed * 2311) % 9000);
    line(`open 0 ${name} ${create} 0644`, () => files.set(name, { size: 0, seed: 0, synced: 0 }));
    line(`write 0 0 ${size} ${seed}`, () => files.set(name, { size, seed, synced: Infinity }));
    if (sync) line('fsync 0', () => files.set(name, { size, seed, synced: lines.length }));
    line('close 0');
  };
  for (let n = 1; n <= rounds; n++) {
    put(`plain${n}`, n, n % 3 === 0);
    put('new', 1000 + n, true);
    line(`rename new target${n % 2} 0`, () => {
      files.set(`target${n % 2}`, files.get('new') ?? { size: 0, seed: 0, synced: 0 });
      files.delete('new');
    });
    if (n % 2 === 0) line(`unlink plain${n - 1}`, () => files.delete(`plain${n - 1}`));
    if (n % 5 === 0)
      line('sync', () => files.forEach((file) => (file.synced = Math.min(file.synced, lines.length))));
  }
  return { lines, states, syncs };
}

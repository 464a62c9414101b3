/** Runs programs of file calls on the kernel's file systems and on a way to a container, and finds the differences. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { compile } from './build.js';
import type { MountedContainer, Place, Way } from './mounted.js';
import { programs, type Limits } from './programs.js';
import { removeTree } from './remove.js';

/** What the programs of a batch printed: lines of each. */
type Outputs = string[][];

/** A file system that results are compared with; one of the references has to agree. */
interface Reference {
  directory: string;
  /** On another file system than `directory`, as the outside of a mount is. */
  outside: string;
}

export class Differential {
  readonly #mounted: MountedContainer;
  readonly #references: Reference[];
  #runs = 0;
  #calls = 0;

  /** @param other a directory on another file system of the kernel, as /dev/shm */
  constructor(mounted: MountedContainer, other: string) {
    this.#mounted = mounted;
    this.#references = [
      { directory: join(mounted.base, 'kernel'), outside: other },
      { directory: other, outside: mounted.base },
    ];
  }

  /** Calls that were compared. */
  get calls(): number {
    return this.#calls;
  }

  get #interpreter(): readonly [dynamic: string, fixed: string] {
    return [
      compile(this.#mounted.programs, 'fuzz', ['fuzz']),
      compile(this.#mounted.programs, 'fuzz-static', ['fuzz'], ['-static']),
    ];
  }

  async #run(place: Place, root: string, beside: string, batch: readonly string[][]): Promise<Outputs> {
    const [dynamic, fixed] = this.#interpreter;
    const run = String(this.#runs++).padStart(6, '0');
    // Paths of one length everywhere: the size of a symbolic link is the length of its value.
    const padded = (parent: string, letter: string): string =>
      `${parent}/${letter.repeat(Math.max(1, 90 - parent.length))}${run}`;
    const base = padded(root, 'b');
    const above = padded(beside, 'o');
    const outside = `${above}/o`;
    mkdirSync(base);
    mkdirSync(outside, { recursive: true });
    try {
      const input = batch.map((program) => `${program.join('\n')}\n---\n`).join('');
      const { stdout, stderr } = await this.#mounted.run(place, dynamic, [base, outside, fixed], {
        directory: '/',
        input,
        seconds: 60 + batch.length * 3,
      });
      if (stderr !== '') throw new Error(`${place}: ${stderr}`);
      return stdout
        .split('---\n')
        .slice(0, -1)
        .map((text) => text.split('\n').slice(0, -1));
    } finally {
      removeTree(base);
      removeTree(above);
    }
  }

  /** What `way` did otherwise than every reference, by the index of the program. */
  async differences(way: Way, batch: readonly string[][]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    this.#calls += batch.reduce((sum, program) => sum + program.length, 0);
    const got = await this.#run(way, this.#mounted.mountPoint, this.#mounted.base, batch);
    let open = batch.map((_, i) => i);
    for (const reference of this.#references) {
      const part = open.map((i) => batch[i]!);
      if (part.length === 0) break;
      const expected = await this.#run('kernel', reference.directory, reference.outside, part);
      open = open.filter((i, at) => {
        const difference = describe(expected[at], got[i]);
        // The first reference's is shown: the second is for what file systems differ in.
        if (difference !== undefined && !found.has(i)) found.set(i, difference);
        if (difference === undefined) found.delete(i);
        return difference !== undefined;
      });
    }
    return found;
  }

  /**
   * Runs `count` random programs; those that differ, `most` of them, are made small.
   * @returns what differed, as text
   */
  async search(way: Way, limits: Limits, seed: number, count: number, most = 1): Promise<string[]> {
    const batch = fc
      .sample(programs(limits), { seed, numRuns: count })
      .map((program) => program.filter((call) => !asksForParent(way, call)));
    const different = [...(await this.differences(way, batch)).entries()].sort(([a], [b]) => a - b);
    const found: string[] = [];
    for (const [index, difference] of different.slice(0, most))
      found.push(await this.#shrink(way, batch[index]!, difference, `seed ${seed}, program ${index}`));
    return found;
  }

  /** Takes calls out as long as there is a difference. */
  async #shrink(way: Way, program: string[], difference: string, where: string): Promise<string> {
    let best = program;
    let why = difference;
    for (let part = Math.ceil(best.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
      for (let again = true; again;) {
        again = false;
        const shorter: string[][] = [];
        for (let at = 0; at < best.length; at += part)
          shorter.push([...best.slice(0, at), ...best.slice(at + part)]);
        const candidates = shorter.filter((calls) => calls.length > 0);
        if (candidates.length === 0) break;
        const different = await this.differences(way, candidates);
        const [index] = [...different.keys()].sort((a, b) => a - b);
        if (index !== undefined) {
          best = candidates[index]!;
          why = different.get(index)!;
          again = true;
        }
      }
    }
    return `${way}, ${where}:\n${why}\nprogram:\n${best.join('\n')}\n`;
  }
}

/**
 * Whether the call looks ".." up where the kernel asks nobody: in a mount without default_permissions it does not
 * want the search permission for that, which an ordinary user may lack. See docs/dfuse.md.
 */
function asksForParent(way: Way, call: string): boolean {
  return process.getuid?.() !== 0 && (way === 'dfuse' || way === 'ioil') && call.includes('/..');
}

/** The first call that gave something else; `undefined` when all are equal. */
function describe(expected: string[] | undefined, got: string[] | undefined): string | undefined {
  if (expected === undefined || got === undefined) return 'a program did not run';
  const at = Array.from({ length: Math.max(expected.length, got.length) }, (_, i) => i).find(
    (i) => expected[i] !== got[i],
  );
  if (at === undefined) return undefined;
  return `kernel: ${expected[at] ?? 'nothing'}\nhere:   ${got[at] ?? 'nothing'}`;
}

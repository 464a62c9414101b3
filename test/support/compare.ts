import { expect, it } from 'vitest';
import { program } from './build.js';
import { ways, type CommandOptions, type MountedContainer, type Way } from './mounted.js';

/** Steps that must have the same result on every way as on the kernel's own file system. */
export interface Comparison {
  /** The behaviour, for the test's name. */
  name: string;
  /** bash, run in an empty directory; the first command that fails ends it. */
  script: string;
  /** Programs that it needs; without them the test is skipped. */
  needs?: string[];
  /** True when only the superuser can do the steps; the test is skipped for others. */
  root?: boolean;
  /** False when what it leaves has names or bytes of its own in every run, such as times in an object. */
  repeatable?: boolean;
  options?: CommandOptions;
}

/** One line a file: kind, mode, links, size, name and target; then the digests. Times are not looked at. */
const listTree = [
  String.raw`find . -type d -printf 'd %m %p\n' -o -type l -printf 'l %p %l\n' -o -type f -printf 'f %m %n %s %p\n' | sort`,
  'find . -type f -print0 | sort -z | xargs -0r sha256sum',
].join('\n');

/** What a directory holds, as programs on `way` see it. */
export async function treeOf(
  mounted: MountedContainer,
  way: Way | 'kernel',
  directory: string,
): Promise<string> {
  const { status, stdout, stderr } = await mounted.script(way, listTree, { directory });
  expect(stderr, `listing by ${way}`).toBe('');
  expect(status).toBe(0);
  return stdout;
}

/** Declares a test for each way: the same output, exit status and files; the files read back by the other ways. */
export function sameAsKernel(mounted: MountedContainer, comparison: Comparison): void {
  const { name, script, needs = [], root = false, repeatable = true, options = {} } = comparison;
  let reference: Promise<{ outcome: unknown; tree: string }> | undefined;

  const steps = async (
    place: Way | 'kernel',
  ): Promise<{ outcome: unknown; tree: string; directory: string }> => {
    const directory = mounted.directory(place, 'steps');
    const outcome = await mounted.script(place, script, { directory, ...options });
    // Messages name the directory, which differs.
    const neutral = (text: string): string => text.replaceAll(directory, 'DIRECTORY');
    const { stdout, stderr, ...end } = outcome;
    // The steps mean nothing when they fail on the kernel too.
    if (place === 'kernel') expect(outcome.status, `${stdout}${stderr}`).toBe(0);
    return {
      outcome: { ...end, stdout: neutral(stdout), stderr: neutral(stderr) },
      tree: await treeOf(mounted, place, directory),
      directory,
    };
  };

  it.for(ways)(`${name} (%s)`, async (way, { skip }) => {
    const missing = needs.filter((need) => program(need) === undefined);
    skip(root && process.getuid?.() !== 0, 'needs root');
    skip(missing.length > 0, `needs ${missing.join(', ')}`);
    reference ??= steps('kernel');
    const expected = await reference;
    const seen = await steps(way);
    expect(seen.outcome).toEqual(expected.outcome);
    if (repeatable) expect(seen.tree).toBe(expected.tree);
    for (const reader of ways.filter((other) => other !== way)) {
      expect(await treeOf(mounted, reader, seen.directory), `read by ${reader}`).toBe(seen.tree);
    }
  });
}

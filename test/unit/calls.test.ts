import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listCalls, rows } from '../../src/calls/index.js';
import { LAST_NUMBER, otherNumbers } from '../../src/calls/kernel.js';
import { isAmong, otherNames } from '../../src/calls/libc.js';
import { operations } from '../../src/calls/operations.js';
import { FLAVOURS, cancellationPoints, hotCalls } from '../../src/calls/row.js';
import { callsMarkdown } from '../../src/generate/docs.js';
import { generatedC } from '../../src/generate/files.js';
import { dynamicFunctions, libcPath } from '../support/elf.js';
import { otherLibcs } from '../support/glibc.js';

const symbols = rows.flatMap((row) => row.symbols);
const numbers = rows.flatMap((row) => (row.nr === undefined ? [] : [row.nr]));
const repeated = <T>(list: readonly T[]): T[] => list.filter((item, i) => list.indexOf(item) !== i);

describe('the table of calls', () => {
  it('names each symbol and each system-call number once', () => {
    expect(repeated(symbols)).toEqual([]);
    expect(repeated(numbers)).toEqual([]);
  });

  it('takes a call with operations that are declared, and declares none that no row uses', () => {
    const entry = readFileSync(join(import.meta.dirname, '../../native/shim/entry.h'), 'utf8');
    const uses = (text: string): string[] => [...text.matchAll(/\bop_(\w+)/g)].map((m) => m[1]!);
    const used = new Set([...rows.flatMap((row) => uses(row.operation)), ...uses(entry)]);
    expect([...used].sort()).toEqual(Object.keys(operations).sort());
    for (const row of rows)
      expect(row.operation !== '', row.name).toBe(
        FLAVOURS.some((f) => ['take', 'after', 'received'].includes(row[f])),
      );
  });

  it('knows the rows that are cancellation points or called most', () => {
    const names = new Set(rows.map(({ name }) => name));
    expect([...cancellationPoints, ...hotCalls].filter((name) => !names.has(name))).toEqual([]);
  });

  it('classifies every function that the installed libc exports', () => {
    const known = new Set(symbols);
    const unknown = dynamicFunctions(libcPath()).filter(
      (name) => !known.has(name) && !otherNames.some((group) => isAmong(name, group.names)),
    );
    expect(unknown, 'add a row in src/calls, or say in src/calls/libc.ts why there is none').toEqual([]);
  });

  it.each(otherLibcs)('classifies what glibc $version has and 2.36 has not', ({ beyond }) => {
    const known = new Set(symbols);
    const names = beyond.split(/\s+/).filter(Boolean);
    expect(names.length).toBeGreaterThan(0);
    const unknown = names.filter(
      (name) => !known.has(name) && !otherNames.some((group) => isAmong(name, group.names)),
    );
    expect(unknown).toEqual([]);
  });

  it('has a name for each version of a call that programs of glibc 2.31 use', () => {
    const [old] = otherLibcs.filter(({ version }) => version === '2.31');
    const missing = new Set(old?.missing.split(/\s+/));
    // What newer programs call by a name that 2.31 has not, older ones call by another one of the same row.
    const alone = rows.filter(
      ({ symbols: names, name, pil4dfs }) =>
        ['stat', 'lstat', 'fstat', 'fstatat', 'mknod', 'mknodat'].includes(name) &&
        pil4dfs === 'take' &&
        names.every((each) => missing.has(each)),
    );
    const variants: Record<string, string> = {
      ...{ stat: '__xstat', lstat: '__lxstat', fstat: '__fxstat', fstatat: '__fxstatat' },
      ...{ mknod: '__xmknod', mknodat: '__xmknodat' },
    };
    expect(alone.map(({ name }) => name).sort()).toEqual(Object.keys(variants).sort());
    for (const name of Object.values(variants)) expect(symbols).toContain(name);
  });

  it('gives a symbol a row or a reason, not both', () => {
    const written = otherNames.flatMap(({ names }) =>
      names.split(/\s+/).filter((n) => n && !n.endsWith('*')),
    );
    expect(repeated(written)).toEqual([]);
    expect(written.filter((name) => symbols.includes(name))).toEqual([]);
  });

  it('gives every system call of Linux 6.12 one place', () => {
    const others = otherNumbers.flatMap(({ calls }) => Object.values(calls));
    const all = [...numbers, ...others].sort((a, b) => a - b);
    const expected = Array.from({ length: LAST_NUMBER + 1 }, (_, i) => i).filter((n) => n <= 334 || n >= 424);
    expect(all).toEqual(expected);
  });

  it('agrees with the kernel headers on the numbers', () => {
    const header = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
    if (!existsSync(header)) return;
    const wrong: string[] = [];
    const alias: Record<string, string> = { fstatat: 'newfstatat', posix_fadvise: 'fadvise64' };
    const real = new Map(
      [...readFileSync(header, 'utf8').matchAll(/__NR_(\w+) (\d+)/g)].map((m) => [m[1]!, Number(m[2])]),
    );
    const claimed: [string, number][] = [
      ...rows.flatMap((row): [string, number][] => (row.nr === undefined ? [] : [[row.name, row.nr]])),
      ...otherNumbers.flatMap(({ calls }) => Object.entries(calls)),
    ];
    for (const [name, nr] of claimed) {
      const theirs = real.get(alias[name] ?? name);
      if (theirs !== nr && (theirs !== undefined || nr <= 450)) wrong.push(`${name} ${nr}`);
    }
    expect(wrong).toEqual([]);
  });

  it('never routes a system call that does not return to its caller', () => {
    const never = {
      rt_sigreturn: 15,
      clone: 56,
      fork: 57,
      vfork: 58,
      exit: 60,
      exit_group: 231,
      clone3: 435,
    };
    for (const [name, nr] of Object.entries(never)) expect(numbers, name).not.toContain(nr);
  });

  it('lists a symbol and the system call of its name as one call', () => {
    const list = listCalls();
    expect(repeated(list.map((c) => c.name))).toEqual([]);
    expect(list.find((c) => c.name === 'preadv2')).toMatchObject({
      nr: 327,
      symbol: true,
      pil4dfs: 'take',
      ioil: 'take',
    });
    expect(list.find((c) => c.name === 'open')).toMatchObject({
      ioil: 'after',
      aliases: ['open64', '__open', '__open64'],
    });
  });
});

describe('what is generated', () => {
  it('has a counter for each call and one exported name for each symbol', () => {
    const files = generatedC();
    const text = files.get('pil4dfs/symbols.c')!;
    const names = [...text.matchAll(/__asm__\("(\w+)"\)/g)].map((m) => m[1]!);
    expect(repeated(names)).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(['open64', '__read_chk', '__xstat', 'mmap64', 'execve', 'vfork']),
    );
    const calls = files.get('include/calls.h')!;
    for (const m of text.matchAll(/\bCALL_\w+/g)) expect(calls).toContain(`\t${m[0]},\n`);
  });

  it('docs/calls.md is the table of today: node dist/generate/main.js --docs docs/calls.md', () => {
    expect(readFileSync(join(import.meta.dirname, '../../docs/calls.md'), 'utf8')).toBe(callsMarkdown());
  });
});

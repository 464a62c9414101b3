import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { built } from '../support/build.js';
import { disassemble } from '../support/elf.js';

const readelf = (...args: string[]): string =>
  execFileSync('readelf', ['-W', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });

const features = (library: string): string => /x86 feature: (.*)/.exec(readelf('-n', library))?.[1] ?? '';

it('the local provider says that it works with a shadow stack', () => {
  expect(features(built('lib', 'libdfs_local.so'))).toBe('SHSTK');
});

describe.each(['pil4dfs', 'ioil'])('lib%s.so', (name) => {
  const library = built('lib', `lib${name}.so`);
  const code = disassemble(library);
  const at = new Map(code.map(({ address, text }) => [address, text]));
  const symbols = readelf('-s', library)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , type, , , section]) => type === 'FUNC' && section !== 'UND')
    .map(([, address, size, , , , , symbol]) => ({
      name: symbol ?? '',
      address: parseInt(address ?? '', 16),
      size: Number(size),
    }));
  const nameOf = new Map(symbols.map((symbol) => [symbol.address, symbol.name]));

  it('says that it works with IBT and a shadow stack', () => {
    expect(features(library)).toBe('IBT, SHSTK');
  });

  it('has a landing pad wherever an indirect jump may lead', () => {
    const exported = readelf('--dyn-syms', library)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , type, , , section]) => type === 'FUNC' && section !== 'UND')
      .map(([, address]) => parseInt(address ?? '', 16));
    // Pointers in data, constructors among them, and those that code takes of a function.
    const pointers = [...readelf('-r', library).matchAll(/R_X86_64_RELATIVE\s+([0-9a-f]+)$/gm)];
    const taken = code.flatMap(({ text }) => /^lea\s.*\(%rip\),.*# ([0-9a-f]+) /.exec(text)?.slice(1) ?? []);
    const stored = [...pointers.map((m) => m[1] ?? ''), ...taken].map((address) => parseInt(address, 16));
    const targets = [...exported, ...stored.filter((address) => at.has(address))];
    expect(exported.length).toBeGreaterThan(50);
    expect(targets.length).toBeGreaterThan(exported.length + 5);
    // The program may call a function of ours by its address, which in it is that of its own PLT.
    const bare = targets.filter((address) => at.get(address) !== 'endbr64');
    expect(bare.map((address) => nameOf.get(address) ?? address.toString(16))).toEqual([]);
    // Not called: crti.o of a libc may have no landing pad in it.
    expect(readelf('-d', library)).not.toMatch(/\((INIT|FINI)\)/);
  });

  it('leaves what libc jumps to without a return', () => {
    const entries = symbols.filter((symbol) => symbol.name.startsWith('attach_enter'));
    expect(entries.length).toBe(name === 'ioil' ? 7 : 6);
    for (const entry of entries) {
      const body = code.filter(
        ({ address }) => address >= entry.address && address < entry.address + entry.size,
      );
      expect(body[0]?.text).toBe('endbr64');
      expect(body.map(({ text }) => text)).not.toContainEqual(expect.stringMatching(/^ret/));
      const jumps = body.filter(({ text }) => /\bjmp\s+\*/.test(text));
      expect(jumps.length).toBeGreaterThan(0);
      for (const { text } of jumps) expect(text).toMatch(/^notrack jmp\s+\*%rcx/);
    }
  });
});

/** What tests need to know of shared libraries. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';

/** The libc that programs on this machine use. */
export function libcPath(): string {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const match = /\s(\/\S*\/libc(?:\.so\.6|-2\.\d+\.so))$/m.exec(maps);
  if (!match) throw new Error('this node is not linked with glibc');
  return realpathSync(match[1]!);
}

/** Names of the functions that a library exports to programs: those of private versions are not among them. */
export function dynamicFunctions(path: string): string[] {
  const text = execFileSync('readelf', ['-W', '--dyn-syms', path], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const names = text.split('\n').flatMap((line) => {
    const [, , , type, bind, , section, name] = line.trim().split(/\s+/);
    if (!name || (type !== 'FUNC' && type !== 'IFUNC') || (bind !== 'GLOBAL' && bind !== 'WEAK')) return [];
    if (section === 'UND' || /@GLIBC_PRIVATE$/.test(name)) return [];
    return [name.replace(/@.*$/, '')];
  });
  return [...new Set(names)].sort();
}

export interface Instruction {
  readonly address: number;
  readonly length: number;
  readonly text: string;
}

/** The instructions of a library in the order of their addresses. */
export function disassemble(path: string): Instruction[] {
  const text = execFileSync('objdump', ['-d', '-w', path], { encoding: 'utf8', maxBuffer: 1 << 29 });
  const list: Instruction[] = [];
  for (const m of text.matchAll(/^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(.*)$/gm))
    list.push({ address: parseInt(m[1]!, 16), length: m[2]!.length / 3, text: m[3]!.trim() });
  return list;
}

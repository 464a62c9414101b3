import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a program did to the files below a directory, in order; names are relative to it. */
export type Event =
  | { kind: 'write'; file: string; at: number; data: Buffer; durable: boolean }
  | { kind: 'resize'; file: string; size: number }
  | { kind: 'create' | 'mkdir' | 'unlink' | 'sync'; file: string }
  | { kind: 'rename'; file: string; to: string }
  | { kind: 'sync all' }
  | { kind: 'answer' };

const calls =
  'openat,mkdirat,pwrite64,write,writev,lseek,ftruncate,unlinkat,renameat2,fsync,fdatasync,syncfs,fcntl,close';

/** Runs a program under strace(1). @returns its events below `directory`; an answer is a write to standard output */
export function record(
  command: string[],
  { directory, log, input, env }: { directory: string; log: string; input: string; env: NodeJS.ProcessEnv },
): Event[] {
  execFileSync('strace', ['-o', log, '-y', '-xx', '-s', '16777216', '-e', `trace=${calls}`, ...command], {
    input,
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
  });
  return new Reader(directory).read(readFileSync(log, 'latin1'));
}

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');
const text = (hex: string): string => bytes(hex).toString('latin1');

/** Reads what strace wrote: descriptors have their paths, strings are hexadecimal. */
class Reader {
  private readonly known = new Set<string>();
  private readonly dsync = new Set<string>();
  private readonly position = new Map<string, number>();

  constructor(private readonly directory: string) {}

  read(log: string): Event[] {
    return log.split('\n').flatMap((line) => {
      const match = /^(\w+)\((.*)\) += (-?\d+)/.exec(line);
      if (match === null || (match[3] ?? '').startsWith('-')) return [];
      return this.call(match[1] ?? '', match[2] ?? '', Number(match[3]));
    });
  }

  /** The path in "7<\x2f…>", relative to the directory; undefined for what is elsewhere. */
  private path(descriptor: string): string | undefined {
    const hex = /<((?:\\x[0-9a-f]{2})+)>/.exec(descriptor)?.[1];
    return hex === undefined ? undefined : this.relative(text(hex));
  }

  private relative(path: string): string | undefined {
    if (path === this.directory) return '';
    return path.startsWith(`${this.directory}/`) ? path.slice(this.directory.length + 1) : undefined;
  }

  private call(name: string, args: string, result: number): Event[] {
    const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((found) => found[1] ?? '');
    const [first = ''] = args.split(', ', 1);
    const number = first.replace(/<.*/, '');
    const file = this.path(first);
    const at = (hex = ''): string | undefined => {
      const path = text(hex);
      if (path.startsWith('/')) return this.relative(path);
      return file === undefined ? undefined : file === '' ? path : `${file}/${path}`;
    };
    const named = at(strings[0]);
    switch (name) {
      case 'openat': {
        const flags = args.slice(args.lastIndexOf('"'));
        if (flags.includes('O_DSYNC')) this.dsync.add(String(result));
        this.position.set(String(result), 0);
        if (named === undefined) return [];
        const made: Event[] =
          flags.includes('O_CREAT') && !this.known.has(named) ? [{ kind: 'create', file: named }] : [];
        this.known.add(named);
        return flags.includes('O_TRUNC') ? [...made, { kind: 'resize', file: named, size: 0 }] : made;
      }
      case 'fcntl':
        if (args.includes('F_DUPFD') && this.dsync.has(number)) this.dsync.add(String(result));
        return [];
      case 'close':
        this.dsync.delete(number);
        return [];
      case 'lseek':
        this.position.set(number, result);
        return [];
      case 'write':
        return number === '1' ? [{ kind: 'answer' }] : [];
      case 'pwrite64':
      case 'writev': {
        if (file === undefined) return [];
        const data = bytes(strings.join('')).subarray(0, result);
        const position =
          name === 'writev' ? (this.position.get(number) ?? 0) : Number(/, (\d+)$/.exec(args)?.[1] ?? 0);
        if (name === 'writev') this.position.set(number, position + result);
        return [{ kind: 'write', file, at: position, data, durable: this.dsync.has(number) }];
      }
      case 'ftruncate':
        return file === undefined ? [] : [{ kind: 'resize', file, size: Number(/, (\d+)$/.exec(args)?.[1]) }];
      case 'mkdirat':
        return named === undefined ? [] : [{ kind: 'mkdir', file: named }];
      case 'unlinkat':
        if (named === undefined) return [];
        this.known.delete(named);
        return [{ kind: 'unlink', file: named }];
      case 'renameat2': {
        const to = at(strings[1]);
        if (named === undefined || to === undefined) return [];
        this.known.delete(named);
        this.known.add(to);
        return [{ kind: 'rename', file: named, to }];
      }
      case 'fsync':
      case 'fdatasync':
        return file === undefined ? [] : [{ kind: 'sync', file }];
      case 'syncfs':
        return [{ kind: 'sync all' }];
      default:
        return [];
    }
  }
}

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Event } from './recording.js';

/** What has reached the disk of all that was not synced; the pages are those of each write. */
export const lucks = ['nothing', 'everything', 'first pages', 'later pages', 'something'] as const;
export type Luck = (typeof lucks)[number];

const page = 4096;

interface File {
  durable: Buffer;
  pending: { at: number; data: Buffer | undefined; size: number }[];
}

/**
 * A disk under a file system that promises no more than POSIX does: what was not synced may be there or not, a page
 * at a time and in any order; names of a directory that was not synced may be those of any moment since.
 */
export class Disk {
  private readonly files = new Map<string, File>();
  private readonly directories = new Set<string>();
  private readonly names: { directory: string; apply: () => void }[] = [];
  /** Content by the name that a file has in memory; `files` are the names on the disk. */
  private readonly current = new Map<string, File>();

  constructor(start: string) {
    const walk = (at: string): void => {
      for (const entry of readdirSync(join(start, at), { withFileTypes: true })) {
        const name = at === '' ? entry.name : `${at}/${entry.name}`;
        if (entry.isDirectory()) {
          this.directories.add(name);
          walk(name);
        } else {
          const file = { durable: readFileSync(join(start, name)), pending: [] };
          this.files.set(name, file);
          this.current.set(name, file);
        }
      }
    };
    walk('');
  }

  do(event: Event): void {
    switch (event.kind) {
      case 'write': {
        const file = this.current.get(event.file);
        file?.pending.push({ at: event.at, data: event.data, size: 0 });
        if (event.durable && file !== undefined) flush(file);
        return;
      }
      case 'resize':
        this.current.get(event.file)?.pending.push({ at: 0, data: undefined, size: event.size });
        return;
      case 'create': {
        if (this.current.has(event.file)) return;
        const file = { durable: Buffer.alloc(0), pending: [] };
        this.current.set(event.file, file);
        return this.later(event.file, () => this.files.set(event.file, file));
      }
      case 'mkdir':
        return this.later(event.file, () => this.directories.add(event.file));
      case 'unlink':
        this.current.delete(event.file);
        return this.later(event.file, () => this.files.delete(event.file));
      case 'rename': {
        const file = this.current.get(event.file);
        if (file === undefined) return;
        this.current.delete(event.file);
        this.current.set(event.to, file);
        return this.later(event.to, () => {
          this.files.delete(event.file);
          this.files.set(event.to, file);
        });
      }
      case 'sync': {
        const file = this.current.get(event.file);
        if (file !== undefined) flush(file);
        else this.settle(event.file);
        return;
      }
      case 'sync all':
        this.current.forEach(flush);
        this.names.splice(0).forEach(({ apply }) => apply());
        return;
      case 'answer':
    }
  }

  private later(name: string, apply: () => void): void {
    this.names.push({ directory: name.includes('/') ? dirname(name) : '', apply });
  }

  /** Makes the names of a directory durable. */
  private settle(directory: string): void {
    const [now, later] = [
      this.names.filter((n) => n.directory === directory),
      this.names.filter((n) => n.directory !== directory),
    ];
    now.forEach(({ apply }) => apply());
    this.names.splice(0, this.names.length, ...later);
  }

  /** Writes what is there after a cut now to a directory. The disk is not to be used afterwards. */
  cut(luck: Luck, target: string): void {
    const reached: Reached = {
      nothing: () => false,
      everything: () => true,
      'first pages': (nr: number) => nr === 0,
      'later pages': (nr: number) => nr > 0,
      something: () => Math.random() < 0.5,
    }[luck];
    const all = this.names.length;
    const names = luck === 'nothing' ? 0 : luck === 'something' ? Math.floor(Math.random() * (all + 1)) : all;
    this.names.slice(0, names).forEach(({ apply }) => apply());
    for (const directory of this.directories) mkdirSync(join(target, directory), { recursive: true });
    for (const [name, file] of this.files) {
      let content = file.durable;
      for (const change of file.pending) content = reachedParts(content, change, reached);
      mkdirSync(dirname(join(target, name)), { recursive: true });
      writeFileSync(join(target, name), content);
    }
  }
}

function change(content: Buffer, at: number, data: Buffer): Buffer {
  const grown =
    content.length < at + data.length ? Buffer.concat([content], at + data.length) : Buffer.from(content);
  data.copy(grown, at);
  return grown;
}

const resized = (content: Buffer, size: number): Buffer => Buffer.concat([content.subarray(0, size)], size);

function flush(file: File): void {
  for (const { at, data, size } of file.pending.splice(0))
    file.durable = data === undefined ? resized(file.durable, size) : change(file.durable, at, data);
}

/** Is the page of this number of a write there? */
type Reached = (nr: number) => boolean;

/** A write that lies on several pages may be there in part. */
function reachedParts(
  content: Buffer,
  { at, data, size }: File['pending'][number],
  reached: Reached,
): Buffer {
  if (data === undefined) return reached(0) ? resized(content, size) : content;
  let result = content;
  for (let from = 0, nr = 0; from < data.length; nr++) {
    const to = Math.min(data.length, from + page - ((at + from) % page));
    if (reached(nr)) result = change(result, at + from, data.subarray(from, to));
    from = to;
  }
  return result;
}

import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isGlibcLoader, leftOutOf } from '../../src/interpreter.js';

const directory = mkdtempSync(join(tmpdir(), 'dfskit-interpreter-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A program with other bytes than those of /bin/sh. */
function changed(name: string, change: (bytes: Buffer) => void): string {
  const file = join(directory, name);
  const bytes = readFileSync('/bin/sh');
  change(bytes);
  writeFileSync(file, bytes);
  chmodSync(file, 0o755);
  return file;
}

function script(name: string, interpreter: string): string {
  const file = join(directory, name);
  writeFileSync(file, `#! ${interpreter} -e\n`);
  chmodSync(file, 0o755);
  return file;
}

const withLoader = (bytes: Buffer, loader: string): void => {
  const at = bytes.indexOf('/lib64/ld-linux');
  bytes.write(`${loader}\0`, at, 'latin1');
};

it('leaves no program of this libc out, by its path, along PATH or as the interpreter of a script', () => {
  expect(leftOutOf('/bin/sh')).toBeUndefined();
  expect(leftOutOf(script('script', '/bin/sh'))).toBeUndefined();
  expect(leftOutOf('script', `/nothing:${directory}`)).toBeUndefined();
  expect(leftOutOf('/lib64/ld-linux-x86-64.so.2')).toBeUndefined();
});

it('knows a program of another libc, a static one and one of another machine, also below scripts', () => {
  const musl = changed('musl', (bytes) => withLoader(bytes, '/lib/ld-musl-x.so.1'));
  expect(leftOutOf(musl)).toBe('libc');
  expect(leftOutOf(script('second', script('first', musl)))).toBe('libc');
  expect(leftOutOf('second', directory)).toBe('libc');
  const segments = (bytes: Buffer): void => {
    bytes.writeUInt16LE(0, 56);
  };
  expect(leftOutOf(changed('static', segments))).toBe('static');
  expect(leftOutOf(changed('arm', (bytes) => bytes.writeUInt16LE(183, 18)))).toBe('machine');
});

it('knows a program that gets rights of another user', () => {
  const file = join(directory, 'setgid');
  copyFileSync('/bin/sh', file);
  chmodSync(file, 0o2755);
  expect(leftOutOf(file)).toBeUndefined();
  if (process.getuid?.() !== 0) return; // another group is only root's to give
  chownSync(file, 0, 1);
  chmodSync(file, 0o2755);
  expect(leftOutOf(file)).toBe('privileged');
});

it('knows a loader of another libc, and says nothing where there is none', () => {
  expect(isGlibcLoader('/lib/ld-musl-x86_64.so.1')).toBe(false);
  const data = join(directory, 'data');
  writeFileSync(data, 'text');
  chmodSync(data, 0o755);
  expect(leftOutOf(data)).toBeUndefined();
  expect(leftOutOf('/nonexistent')).toBeUndefined();
  expect(leftOutOf('none', '/nonexistent')).toBeUndefined();
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { dynamicLoader, isGlibcLoader } from '../../src/interpreter.js';

const directory = mkdtempSync(join(tmpdir(), 'dfskit-interpreter-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('finds the loader of a program, of a script and along PATH', () => {
  const loader = dynamicLoader('/bin/sh');
  expect(loader).toMatch(/\/ld-linux-x86-64\.so\.2$/);
  const script = join(directory, 'script');
  writeFileSync(script, '#! /bin/sh -e\n');
  chmodSync(script, 0o755);
  expect(dynamicLoader(script)).toBe(loader);
  expect(dynamicLoader('script', `/nothing:${directory}`)).toBe(loader);
  expect(isGlibcLoader(loader ?? '')).toBe(true);
});

it('knows a loader of another libc, and says nothing where there is none', () => {
  expect(isGlibcLoader('/lib/ld-musl-x86_64.so.1')).toBe(false);
  const data = join(directory, 'data');
  writeFileSync(data, 'text');
  chmodSync(data, 0o755);
  expect(dynamicLoader(data)).toBeUndefined();
  expect(dynamicLoader('/nonexistent')).toBeUndefined();
  expect(dynamicLoader('none', '/nonexistent')).toBeUndefined();
});

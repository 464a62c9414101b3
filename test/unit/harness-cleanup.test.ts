import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { transpileModule, ModuleKind } from 'typescript';
import { CleanUpStack, withCleanUp } from '../../src/harness/cleanup.js';

const ignore = (): void => undefined;

describe('CleanUpStack', () => {
  it('undoes the last thing first', async () => {
    const order: number[] = [];
    const stack = new CleanUpStack();
    stack.defer('undo 1', () => void order.push(1));
    stack.defer('undo 2', async () => Promise.resolve().then(() => void order.push(2)));
    stack.defer('undo 3', () => void order.push(3));
    expect(await stack.run()).toEqual([]);
    expect(order).toEqual([3, 2, 1]);
  });

  it('goes on after one that fails, and says which', async () => {
    let undone = false;
    const stack = new CleanUpStack();
    stack.defer('undo the first', () => void (undone = true));
    stack.defer('unmount /x', () => {
      throw new Error('busy');
    });
    const errors = await stack.run();
    expect(errors.map((error) => error.message)).toEqual(['cannot unmount /x: busy']);
    expect(undone).toBe(true);
  });

  it('undoes each thing once, also when called twice at a time', async () => {
    let count = 0;
    const stack = new CleanUpStack();
    stack.defer('count', async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      count += 1;
    });
    await Promise.all([stack.run(), stack.run()]);
    await stack.run();
    expect(count).toBe(1);
  });

  it('does not undo again what was undone early', async () => {
    let count = 0;
    const stack = new CleanUpStack();
    const undo = stack.defer('count', () => void (count += 1));
    await undo();
    await undo();
    await stack.run();
    expect(count).toBe(1);
  });
});

describe('withCleanUp', () => {
  it('cleans up when the work throws, and throws on', async () => {
    let undone = false;
    const work = withCleanUp((stack) => {
      stack.defer('undo', () => void (undone = true));
      return Promise.reject(new Error('broken'));
    }, ignore);
    await expect(work).rejects.toThrow('broken');
    expect(undone).toBe(true);
  });

  it('undoes what was set up while a signal came, and sets up no more', async () => {
    const undone: string[] = [];
    const stack = new CleanUpStack();
    stack.interrupt();
    expect(() => stack.defer('undo', () => void undone.push('it'))).toThrow('interrupted');
    await stack.run();
    expect(undone).toEqual(['it']);
  });

  it('leaves no signal handlers', async () => {
    const before = process.listenerCount('SIGINT');
    await withCleanUp(() => Promise.resolve(), ignore);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`cleans up on ${signal} and ends with ${status}`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'dfskit-cleanup-'));
      try {
        const source = fileURLToPath(new URL('../../src/harness/cleanup.ts', import.meta.url));
        const options = { compilerOptions: { module: ModuleKind.ESNext } };
        writeFileSync(
          join(directory, 'cleanup.mjs'),
          transpileModule(readFileSync(source, 'utf8'), options).outputText,
        );
        writeFileSync(
          join(directory, 'main.mjs'),
          `import { withCleanUp } from './cleanup.mjs';
           let broken;
           await withCleanUp(async (stack) => {
             stack.onInterrupt(() => broken(new Error('taken down')));
             stack.defer('tell', async () => { await new Promise((r) => setTimeout(r, 20)); process.stdout.write('undone'); });
             process.stdout.write('ready ');
             await new Promise((resolve, reject) => { broken = reject; setTimeout(resolve, 30_000); });
           }, () => undefined);`,
        );
        const child = spawn(process.execPath, [join(directory, 'main.mjs')], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (data: Buffer) => {
          output += data.toString();
          if (output === 'ready ') child.kill(signal);
        });
        const [code] = (await once(child, 'close')) as [number | null];
        expect({ code, output }).toEqual({ code: status, output: 'ready undone' });
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
});

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { useContainer } from '../support/client.js';
import { makeConsumer } from '../support/consumer.js';

const container = useContainer();

const consumer = makeConsumer();
afterAll(() => consumer.remove());

/** What a module of JavaScript prints. */
async function runModule(name: string, code: string, flags: string[] = []): Promise<string> {
  consumer.write(name, code);
  const { status, stdout, stderr } = await consumer.run(name, flags);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('the client under load', () => {
  it('runs 1,000 operations side by side', async () => {
    const { fs } = container;
    await fs.mkdir('/many');
    const files = Array.from({ length: 250 }, (_, i) => ({
      path: `/many/${i}`,
      bytes: Buffer.alloc(i * 37, i),
    }));
    await Promise.all(files.map(({ path, bytes }) => fs.writeFile(path, bytes)));
    const all = await Promise.all(
      files.flatMap(({ path, bytes }) => [
        fs.readFile(path).then((read) => read.equals(bytes)),
        fs.stat(path).then(({ size }) => size === BigInt(bytes.length)),
        fs.setXattr(path, 'user.size', String(bytes.length)).then(() => true),
        fs.readFile(`${path}-none`).catch((error: { code: string }) => error.code === 'ENOENT'),
      ]),
    );
    expect(all).toHaveLength(1000);
    expect(all.every(Boolean)).toBe(true);
    await using file = await fs.open('/many/parallel', { create: true });
    await Promise.all(Array.from({ length: 1000 }, (_, i) => file.write(Buffer.alloc(100, i), i * 100)));
    const whole = await fs.readFile('/many/parallel');
    expect(Array.from({ length: 1000 }, (_, i) => whole[i * 100 + 99]! === (i & 0xff)).every(Boolean)).toBe(
      true,
    );
    const ends = await Promise.all(Array.from({ length: 200 }, () => file.append(Buffer.alloc(10))));
    expect(new Set(ends).size).toBe(200);
  });

  it('lists 10,000 names while others go', { timeout: 240_000 }, async () => {
    const { fs } = container;
    await fs.mkdir('/wide');
    const wanted = new Set(Array.from({ length: 10_000 }, (_, i) => `name-${i}`));
    await Promise.all([...wanted].map((name) => fs.symlink('x', `/wide/${name}`)));
    const listed = new Set((await fs.readdir('/wide')).map((entry) => entry.name));
    expect(listed).toEqual(wanted);
    let seen = 0;
    for await (const { path } of fs.walk('/wide')) {
      seen += 1;
      await fs.unlink(path);
    }
    expect(seen).toBe(10_000);
    expect(await fs.readdir('/wide')).toEqual([]);
  });

  it('leaves the main thread alone', async () => {
    const { fs } = container;
    await using file = await fs.open('/busy', { create: true });
    const data = Buffer.alloc(64 << 20, 'x');
    let done = false;
    const writing = Promise.all([file.write(data, 0), file.write(data, data.length)]).then(
      () => (done = true),
    );
    let turns = 0;
    while (!(done as boolean)) {
      turns += 1;
      await sleep(1);
    }
    await writing;
    // On the main thread the two writes would be one turn.
    expect(turns).toBeGreaterThan(5);
  });
});

describe('what is forgotten', () => {
  it('is closed by the collector, and no handle of it stays', { timeout: 180_000 }, async () => {
    const code = `
      import { readdirSync } from 'node:fs';
      import { setTimeout as sleep } from 'node:timers/promises';
      import { connect, createContainer, destroyContainer } from 'dfskit';
      const count = () => readdirSync('/proc/self/fd').length;
      await createContainer('tank/forgotten');
      let fs = await connect('tank/forgotten');
      await fs.writeFile('/f', Buffer.alloc(1 << 20, 1));
      // A file that has no name any more is there as long as it is open, and takes up room.
      const room = (await fs.statfs()).available;
      async function forget(times) {
        for (let i = 0; i < times; i++) {
          const file = await fs.open('/g' + i, { create: true });
          await file.write(Buffer.alloc(1 << 16, 2), 0);
          await fs.unlink('/g' + i);
          await fs.opendir('/');
        }
      }
      await forget(10);
      const settle = async () => { for (let i = 0; i < 20; i++) { globalThis.gc(); await sleep(10); } };
      await settle();
      const before = count();
      await forget(300);
      await settle();
      console.log(JSON.stringify({ handles: count() - before }));
      // A file keeps its file system, whatever else is forgotten.
      let file = await fs.open('/f');
      fs = undefined;
      let bytes = 0;
      for (let n = 1; n > 0; bytes += n) {
        n = await file.read(Buffer.alloc(1 << 18), bytes);
        await settle();
      }
      file = undefined;
      console.log(JSON.stringify({ bytes }));
      await settle();
      // Nothing holds the container any more.
      await destroyContainer('tank/forgotten');
    `;
    const lines = (await runModule('forgotten', code, ['--expose-gc'])).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ handles: 0 }, { bytes: 1 << 20 }]);
  });

  it('does not hold the process, nor break its end', async () => {
    const code = `
      import { connect } from 'dfskit';
      import { Worker, isMainThread } from 'node:worker_threads';
      const fs = await connect('${container.name}');
      const file = await fs.open('/at-exit', { create: true });
      if (isMainThread) {
        const workers = Array.from({ length: 3 }, () => new Worker(new URL(import.meta.url)));
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
        console.log('workers have ended');
      } else {
        for (let i = 0; i < 100; i++) void file.write(Buffer.alloc(100_000, i), i * 100_000);
        await file.write('x', 0);
        process.exit(0);
      }
      void file.write(Buffer.alloc(8 << 20), 0);
    `;
    expect(await runModule('at-exit', code)).toBe('workers have ended\n');
  });
});

it('goes on after a process beside it was killed in the middle of its calls', async () => {
  const code = `
    import { connect } from 'dfskit';
    const fs = await connect('${container.name}');
    console.log('ready');
    for (let i = 0; ; i++) await Promise.all([fs.writeFile('/killed', Buffer.alloc(100_000, i)), fs.writeFile('/k' + i % 9, 'x')]);
  `;
  const file = consumer.write('killed', code);
  const { fs } = container;
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(20 * (round + 1));
    child.kill('SIGKILL');
    await fs.writeFile('/after', String(round));
    expect(await fs.readFile('/after', 'utf8')).toBe(String(round));
  }
});

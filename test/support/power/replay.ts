import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dfskit } from '../cli.js';
import { buildDirectory } from '../build.js';
import { ModelProcess, modelProgram } from '../model/runner.js';
import { Disk, lucks } from './disk.js';
import { record } from './recording.js';
import { workload, type Script } from './workload.js';

/** Which state the tree is in, and whether the bytes are there that must be; '' when all is well. */
async function judge(
  store: string,
  program: string,
  script: Script,
  started: number,
  answered: number,
): Promise<string> {
  const model = new ModelProcess(program, 'pool/cont', tight(store));
  try {
    const start = await model.started;
    if (start !== 'ok') return `opening it: ${start}`;
    const least = Math.max(0, ...script.syncs.filter((line) => line <= answered));
    const found = (await model.ask('list .')).split(' ').slice(1).filter(Boolean).sort().join();
    const reasons = new Set([`names ${found} are those of no moment from line ${least} to ${started}`]);
    for (let at = least; at <= started; at++) {
      const state = script.states[at];
      if (
        state === undefined ||
        [...state.keys()]
          .map((name) => `${name}:8`)
          .sort()
          .join() !== found
      )
        continue;
      let wrong = '';
      for (const [name, { size, seed, synced }] of state) {
        if (synced > answered) continue;
        const [, got, , , , meant] = await model.askAll([
          `open 1 ${name} 0 0`,
          'read 1 0 10000',
          'close 1',
          `open 2 meant ${constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC} 0644`,
          `write 2 0 ${size} ${seed}`,
          'read 2 0 10000',
          'close 2',
          'unlink meant',
        ]);
        if (size > 0 && got !== meant) wrong = `${name} has ${got}, not ${meant}`;
        const stat = await model.ask(`stat ${name}`);
        if (size > 0 && !stat.includes(` size ${size}`)) wrong = `${name}: ${stat}, not ${size} bytes`;
      }
      if (wrong === '')
        return (await model.ask('mkdir after 0755')) === 'ok' ? '' : 'nothing can be made in it';
      reasons.add(`line ${at}: ${wrong}`);
    }
    return [...reasons].join('; ');
  } finally {
    await model.end();
  }
}

/** The provider with short segments and a small map, so that checkpoints and growth happen. */
function tight(store: string): NodeJS.ProcessEnv {
  return { DFSKIT_STORE: store, LD_LIBRARY_PATH: join(buildDirectory, 'tight') };
}

/**
 * Records what the provider does to its store, and cuts the power after every `stride`-th step of it.
 * @returns how many cuts were looked at
 */
export async function cutPower(rounds: number, stride: number): Promise<number> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'dfskit-power-')));
  const store = join(directory, 'store');
  const before = join(directory, 'before');
  const image = join(directory, 'image');
  const container = (root: string): string => join(root, 'pool/cont');
  const program = modelProgram(directory, 'dfs');
  const script = workload(rounds);
  let cuts = 0;
  try {
    const first = new ModelProcess(program, 'pool/cont', tight(store));
    await first.started;
    await first.end();
    cpSync(store, before, { recursive: true });
    const events = record([program, 'pool/cont'], {
      directory: container(store),
      log: join(directory, 'strace'),
      input: script.lines.map((line) => `${line}\n`).join(''),
      env: tight(store),
    });
    for (let cut = 0; cut <= events.length; cut += stride)
      for (const luck of lucks) {
        rmSync(image, { recursive: true, force: true });
        mkdirSync(container(image), { recursive: true });
        writeFileSync(join(image, 'version'), '1\n');
        const disk = new Disk(container(before));
        events.slice(0, cut).forEach((event) => disk.do(event));
        disk.cut(luck, container(image));
        // Nobody vouches for these two.
        writeFileSync(join(container(image), 'meta'), Buffer.alloc(32768, 0xa5));
        writeFileSync(join(container(image), 'shared'), '');
        const answers = events.slice(0, cut).filter(({ kind }) => kind === 'answer').length - 1;
        const wrong = await judge(image, program, script, Math.max(0, answers + 1), Math.max(0, answers));
        if (wrong !== '')
          throw new Error(`cut after step ${cut} of ${events.length}, ${luck} written: ${wrong}`);
        cuts++;
        if (cuts % 40 === 0) {
          const { status, stdout, stderr } = await dfskit(['cont', 'check', 'pool/cont'], {
            env: { DFSKIT_STORE: image },
          });
          if (status !== 0) throw new Error(`cut after step ${cut}, ${luck} written: ${stdout}${stderr}`);
        }
      }
  } finally {
    if (process.env['DFSKIT_KEEP'] === undefined) rmSync(directory, { recursive: true, force: true });
  }
  return cuts;
}

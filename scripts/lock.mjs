// One setup at a time in one checkout. Plain node: runs before `npm ci`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other process holds `file`. A holder that died is passed over. */
export async function locked(file, say, work) {
  mkdirSync(dirname(file), { recursive: true });
  for (let waited = 0; ; waited += 200) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let holder;
    try {
      holder = Number(readFileSync(file, 'utf8'));
    } catch {
      continue;
    }
    // An empty file: its writer is between open and write. Give it two seconds.
    if (holder > 0 ? !alive(holder) : waited > 2000) rmSync(file, { force: true });
    else if (waited === 0) say(`waiting for the setup of process ${holder}`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

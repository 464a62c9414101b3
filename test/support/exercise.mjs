// Every call of the client once or more, many at a time; for a build with sanitizers. Prints "done".
import { connect, createContainer, destroyContainer, checkContainer, containerInfo, listContainers } from 'dfskit';

await createContainer('tank/exercise');
await listContainers('tank');
await containerInfo('tank/exercise');
let fs = await connect('tank/exercise');

async function work(n) {
  const dir = `/w${n}`;
  await fs.mkdir(`${dir}/a/b`, { recursive: true });
  const file = await fs.open(`${dir}/f`, { create: 'exclusive' });
  const bytes = Buffer.alloc(70_001, n);
  await Promise.all([0, 1, 2, 3].map((i) => file.write(bytes, i * bytes.length)));
  await file.writev([bytes.subarray(1, 9), new Uint8Array(0), bytes], 7n);
  await file.readv([Buffer.alloc(3), Buffer.alloc(90_000)], 5);
  await file.append('end');
  await file.truncate(1000);
  await file.sync();
  await file.stat();
  const stream = file.readable({ chunkSize: 300 }).getReader({ mode: 'byob' });
  for (let room = new Uint8Array(100); ; ) {
    const { value, done } = await stream.read(room);
    if (done) break;
    room = new Uint8Array(value.buffer);
  }
  // Closed beside calls under way; half of the files are forgotten.
  const last = Promise.all([file.read(Buffer.alloc(10), 0), file.stat()]);
  if (n % 2) await file.close();
  await last;
  await fs.readable(`${dir}/f`).pipeTo(fs.writable(`${dir}/g`));
  await fs.symlink('f', `${dir}/l`);
  await fs.link(`${dir}/f`, `${dir}/h`);
  await fs.rename(`${dir}/g`, `${dir}/a/g`, { how: 'noreplace' });
  await fs.rename(`${dir}/h`, `${dir}/a/g`, { how: 'exchange' });
  await fs.setXattr(`${dir}/f`, 'user.x', bytes.subarray(0, 5000));
  await fs.getXattr(`${dir}/f`, 'user.x');
  await fs.listXattrs(`${dir}/f`);
  await fs.removeXattr(`${dir}/f`, 'user.x');
  await fs.chmod(`${dir}/f`, 0o600);
  await fs.chown(`${dir}/f`, { gid: process.getgid() });
  await fs.utimes(`${dir}/f`, 1n, -1n);
  await fs.access(`${dir}/f`, { read: true });
  await fs.realpath(`${dir}/l`);
  await fs.opendir(dir).then((directory) => directory.read());
  for await (const entry of fs.walk(dir)) await fs.lstat(entry.path);
  for (const bad of [`${dir}/none`, `${dir}/f/x`, `/${'n'.repeat(300)}`])
    await fs.stat(bad).then(() => process.exit(9), () => undefined);
  await fs.rm(`${dir}/a`, { recursive: true });
}

await Promise.all(Array.from({ length: 40 }, (_, n) => work(n)));
globalThis.gc();
await fs.statfs();
await fs.sync();
const epoch = await fs.createSnapshot('s');
const old = await fs.openSnapshot(epoch);
await old.readFile('/w1/f');
await old.close();
await fs.destroySnapshot('s');
// Closed while files are being opened: what was opened late is closed too.
const late = ['/w1/f', '/w2/f', '/w3/f'].map((path) => fs.readFile(path).catch((error) => error.code));
await fs.close();
for (const each of await Promise.all(late)) if (each !== 'EBADF' && each.length !== 1000) process.exit(8);
await checkContainer('tank/exercise');
await destroyContainer('tank/exercise');
console.log('done');

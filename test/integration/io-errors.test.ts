import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mount, umount, type Caching } from '../../src/mount/index.js';
import { libPath } from '../../src/paths.js';
import { providerOver } from '../support/build.js';
import { execute } from '../support/cli.js';
import { canMount, mountBench, type MountBench } from '../support/mounts.js';

/** Every call that moves or changes something, with the disk failing; then the same once more, with the disk well. */
const script = `
import errno, mmap, os, shutil, sys
d, faults = sys.argv[1], os.environ['FAULTS']
def attempt(f, *args):
    try: f(*args); return 'done'
    except OSError as e: return errno.errorcode[e.errno]
def stdio_write():
    with open(d + '/buffered', 'w') as f: f.write('x' * 100)
fd = os.open(d + '/file', os.O_RDWR)
end = os.open(d + '/end', os.O_WRONLY | os.O_APPEND)
directory = os.open(d + '/dir', os.O_RDONLY)
calls = {
    'pread': lambda: os.pread(fd, 10, 0), 'read': lambda: os.read(fd, 10), 'readv': lambda: os.preadv(fd, [bytearray(9)], 0),
    'pwrite': lambda: os.pwrite(fd, b'new', 50000), 'write': lambda: os.write(fd, b'x'), 'append': lambda: os.write(end, b'more'),
    'fsync': lambda: os.fsync(fd), 'fdatasync': lambda: os.fdatasync(fd), 'ftruncate': lambda: os.ftruncate(fd, 99000),
    'truncate': lambda: os.truncate(d + '/file', 98000), 'fallocate': lambda: os.posix_fallocate(fd, 0, 200000),
    'open with O_TRUNC': lambda: os.close(os.open(d + '/other', os.O_WRONLY | os.O_TRUNC)),
    'create': lambda: open(d + '/made', 'x').close(), 'mkdir': lambda: os.mkdir(d + '/newdir'),
    'symlink': lambda: os.symlink('x', d + '/newlink'), 'link': lambda: os.link(d + '/file', d + '/hard'),
    'chmod': lambda: os.chmod(d + '/file', 0o600), 'utimes': lambda: os.utime(d + '/file', (1, 2)),
    'setxattr': lambda: os.setxattr(d + '/file', 'user.a', b'v'), 'readdir': lambda: os.listdir(directory),
    'scandir': lambda: list(os.scandir(d + '/dir')), 'rename': lambda: os.rename(d + '/old', d + '/new'),
    'unlink': lambda: os.unlink(d + '/gone'), 'rmdir': lambda: os.rmdir(d + '/empty'), 'statvfs': lambda: os.statvfs(d),
    'stdio read': lambda: open(d + '/file').read(), 'stdio write': stdio_write,
    'sendfile': lambda: os.sendfile(os.open('/dev/null', os.O_WRONLY), fd, 0, 100),
    'copy_file_range': lambda: os.copy_file_range(fd, os.open(d + '/copy', os.O_WRONLY), 100, 0, 0),
}
before = os.lseek(fd, 0, os.SEEK_CUR)
open(faults, 'w').close()
print({what: got for what, call in calls.items() if (got := attempt(call)) != 'EIO'}, os.lseek(fd, 0, os.SEEK_CUR) - before)
os.unlink(faults)
print({what: got for what, call in calls.items() if (got := attempt(call)) != 'done'})
print(len(open(d + '/file').read()), open(d + '/end').read(), os.path.exists(d + '/gone'), sorted(os.listdir(d + '/dir')))
`;

/** EIO of the provider, through every way. */
describe.skipIf(!canMount()).each([
  ['dfuse', 'none'],
  ['dfuse', 'coherent'],
  ['ioil', 'coherent'],
  ['pil4dfs', 'coherent'],
] as const)('a disk that fails, through %s, caching=%s', (way, caching: Caching) => {
  let bench: MountBench;
  let dir: string;
  let faults: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    bench = mountBench();
    const name = `eio-${way}-${caching}`;
    ({ dir } = await bench.mount(name));
    await umount(dir);
    faults = join(bench.scratch, 'faults');
    env = { FAULTS: faults, DFSKIT_PROVIDER_LIB: providerOver(bench.scratch, 'failing_provider.c') };
    Object.assign(process.env, env);
    try {
      await mount({ container: `tank/${name}`, dir, caching });
    } finally {
      for (const variable of Object.keys(env)) delete process.env[variable];
    }
    for (const file of ['file', 'end', 'other', 'old', 'gone', 'copy'])
      writeFileSync(join(dir, file), 'x'.repeat(file === 'end' ? 3 : 100_000));
    for (const name of ['dir', 'empty']) mkdirSync(join(dir, name));
    for (const name of ['a', 'b']) writeFileSync(join(dir, 'dir', name), '');
    // Their pages are not to answer for the disk.
    await umount(dir);
    Object.assign(process.env, env);
    try {
      await mount({ container: `tank/${name}`, dir, caching });
    } finally {
      for (const variable of Object.keys(env)) delete process.env[variable];
    }
  });
  afterAll(async () => {
    rmSync(faults, { force: true });
    await bench.close();
  });

  it('gives EIO to whoever asks it for something, and nothing is lost when it is well again', async () => {
    const preload = way === 'dfuse' ? {} : { LD_PRELOAD: libPath(`lib${way}.so`) };
    const { stdout, stderr } = await execute('python3', ['-c', script, dir], { env: { ...env, ...preload } });
    expect({ stdout: stdout.split('\n'), stderr }).toEqual({
      stdout: ['{} 0', '{}', "200000 xxxmore False ['a', 'b']", ''],
      stderr: '',
    });
  });

  it('is no reason to go on for a mapping: SIGBUS', async () => {
    if (caching === 'none') return;
    const mapping = `
import mmap, os, sys
f = os.open(sys.argv[1] + '/old' if os.path.exists(sys.argv[1] + '/old') else sys.argv[1] + '/new', os.O_RDONLY)
m = mmap.mmap(f, 0, prot=mmap.PROT_READ)
open(os.environ['FAULTS'], 'w').close()
print(m[70000])`;
    const preload = way === 'dfuse' ? {} : { LD_PRELOAD: libPath(`lib${way}.so`) };
    const result = await execute('python3', ['-c', mapping, dir], { env: { ...env, ...preload } });
    rmSync(faults);
    expect(result).toMatchObject({ signal: 'SIGBUS', stdout: '' });
  });
});

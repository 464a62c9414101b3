import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, createContainer } from '../../src/dfs/index.js';
import { daemonOf, isStale, listMounts, mount, mountAt, umount } from '../../src/mount/index.js';
import { isAlive, waitForEnd } from '../../src/mount/daemon.js';
import { binPath, libPath } from '../../src/paths.js';
import { execute, type Result } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';
import { leaveMounts } from '../support/namespace.js';
import { canBeAnotherUser } from '../support/others.js';

const root = process.getuid?.() === 0;

/** Whether we may let other users into a mount: fusermount3(1), user_allow_other. */
function mayLetOthersIn(): boolean {
  return (
    root ||
    (existsSync('/etc/fuse.conf') && /^user_allow_other\b/m.test(readFileSync('/etc/fuse.conf', 'utf8')))
  );
}

/** Layouts of dfskit_ioctl.h. */
const ioctls = `
import fcntl, os, struct, sys
def ask(path, nr, size, flags=os.O_RDONLY):
    fd = os.open(path, flags)
    out = bytearray(size)
    try:
        fcntl.ioctl(fd, 2 << 30 | size << 16 | 0xA3 << 8 | nr, out)
        return bytes(out)
    except OSError as e: return e.errno
    finally: os.close(fd)
def mount(path): return ask(path, 0xE0, 8 + 16 + 512 + 4096)
def file(path): return ask(path, 0xE1, 8 + 32 + 512)
def stats(path): return struct.unpack('64Q', ask(path, 0xE2, 8 + 512)[8:])
text = lambda b: b.split(b'\\0')[0].decode()
`;

describe.skipIf(!canMount())('the daemon', () => {
  let bench: MountBench;
  const dfuse = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
    execute(binPath('dfuse'), args, { env: { DFSKIT_STORE: bench.store, ...env } });

  beforeAll(async () => {
    bench = mountBench();
    await createContainer({ pool: 'tank', cont: 'd' });
  });
  afterAll(() => bench.close());

  it.for<[form: string, args: (dir: string) => string[]]>([
    ['POOL/CONT DIR', (dir: string) => ['tank/d', dir]],
    ['DIR POOL CONT', (dir: string) => [dir, 'tank', 'd']],
    ['long options, the directory last', (dir: string) => ['--pool', 'tank', '--container', 'd', dir]],
    ['-m first', (dir: string) => ['-m', dir, '--pool=tank', '--cont=d', '-t', '2']],
    [
      'all in -o',
      (dir: string) => [dir, '-o', 'rw,container=d,noatime,pool=tank,caching=none,x-systemd.automount'],
    ],
    [
      'as mount(8) calls it',
      (dir: string) => ['whatever', dir, '-o', 'pool=tank,cont=d', '-o', 'defaults,_netdev'],
    ],
    [
      "options of DAOS's dfuse",
      (dir: string) => [
        '-m',
        dir,
        '--pool',
        'tank',
        '--container',
        'd',
        '-t4',
        '-e',
        '2',
        '--disable-wb-cache',
        '--multi-user',
      ],
    ],
    ['daos://', (dir: string) => ['daos://tank/d', dir, '-r']],
  ])('takes its arguments in the form: %s', async ([form, args], { skip }) => {
    skip(args('').includes('--multi-user') && !mayLetOthersIn(), 'needs user_allow_other in /etc/fuse.conf');
    const dir = bench.directory(`form-${form.replace(/\W/g, '')}`);
    expect(await dfuse(args(dir))).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(mountAt(dir)).toEqual({ dir, container: 'tank/d', readOnly: form === 'daos://' });
    expect(listMounts()).toContainEqual({ dir, container: 'tank/d', readOnly: form === 'daos://' });
    await umount(dir);
    expect(mountAt(dir)).toBeUndefined();
  });

  it.each([
    [['tank/d', '/no/such/place'], 'cannot mount on /no/such/place: No such file', 'create it: mkdir'],
    [['tank/d', '/etc/passwd'], 'cannot mount on /etc/passwd: not a directory', 'name a directory'],
    [
      ['tank/nothing', 'DIR'],
      'cannot open container tank/nothing: no such container',
      'dfskit cont create tank/nothing',
    ],
    [['tank', 'DIR'], 'tank: is not of the form POOL/CONT', 'dfuse --help'],
    [['DIR'], 'cannot mount: no container given', 'dfuse --help'],
    [[], 'cannot mount: no directory given', 'dfuse --help'],
    [['tank/d', 'DIR', '-o', 'caching=maybe'], 'caching: has to be none, coherent or cached', 'dfuse --help'],
    [['tank/d', 'DIR', '-o', 'zork'], 'zork: no such mount option', 'dfuse --help'],
    [['tank/d', 'DIR', '--zork'], "unrecognized option '--zork'", 'dfuse --help'],
    [['tank/d', 'DIR', '-t', '0'], 'number of threads: has to be', 'dfuse --help'],
    [
      ['tank/d', 'DIR', '-o', 'provider=nfs'],
      'cannot open container tank/d: nfs: no such provider',
      'DFSKIT_PROVIDER',
    ],
    [['tank/d', 'DIR', 'a', 'b', 'c'], 'too many arguments', 'dfuse --help'],
  ])('says in one line what is wrong with %j', async (args, what, remedy) => {
    const dir = bench.directory('wrong');
    const { status, stdout, stderr } = await dfuse(args.map((word) => (word === 'DIR' ? dir : word)));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(`dfuse: `);
    expect(lines[0]).toContain(what);
    expect(lines[1]).toContain(remedy);
    expect(mountAt(dir)).toBeUndefined();
  });

  it('finds the container that a path names in the unified namespace', async () => {
    const dir = bench.directory('by-path');
    const named = join(bench.scratch, 'named');
    mkdirSync(named);
    const name = async (value: string): Promise<string> =>
      python('import os, sys; os.setxattr(sys.argv[1], "user.daos", sys.argv[2].encode())', named, value);
    expect(await dfuse(['--path', named, dir])).toMatchObject({ status: 1 });
    await name('DAOS.POSIX://tank/d');
    expect(await dfuse(['--path', named, dir])).toMatchObject({ status: 0, stderr: '' });
    expect(mountAt(dir)?.container).toBe('tank/d');
    await umount(dir);
    await name('DAOS.HDF5://tank/d');
    expect((await dfuse(['--path', named, dir])).stderr).toContain('names no POSIX container');
  });

  it.runIf(root)('serves a mount that somebody else has made: mount.fuse3 with drop_privileges', async () => {
    const dir = bench.directory('made-before');
    const mountFuse = (options: string): Promise<Result> =>
      execute('mount.fuse3', [`${binPath('dfuse')}#tank/d`, dir, '-o', options], {
        env: { DFSKIT_STORE: bench.store },
      });
    expect(await mountFuse('drop_privileges,caching=none')).toMatchObject({ status: 0 });
    writeFileSync(join(dir, 'before'), 'x');
    const pid = daemonOf(dir) ?? 0;
    await execute('fusermount3', ['-u', dir]);
    expect(await waitForEnd(pid, 10)).toBe(true);
    expect((await dfuse(['tank/d', '/dev/fd/9', '-o', 'allow_other'])).stderr).toContain(
      'default_permissions',
    );
  });

  it('says when the library of the provider is missing', async () => {
    const dir = bench.directory('no-library');
    const { status, stderr } = await dfuse(['tank/d', dir], { DFSKIT_PROVIDER_LIB: '/no/such/lib.so' });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^dfuse: cannot open container tank\/d: cannot load .*\/no\/such\/lib\.so.*\ndfuse: /,
    );
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('unmounts at %s', async (signal) => {
    const { dir, pid = 0 } = await bench.mount(`signal-${signal.toLowerCase()}`);
    writeFileSync(join(dir, 'f'), 'x');
    const fd = openSync(join(dir, 'f'), 'r'); // busy: it ends all the same
    process.kill(pid, signal);
    expect(await waitForEnd(pid, 10)).toBe(true);
    expect(() => fstatSync(fd)).toThrow(/ENOTCONN/);
    closeSync(fd); // every write was done when it was answered: nothing is left to flush
    expect(mountAt(dir)).toBeUndefined();
    expect(statSync(dir).isDirectory()).toBe(true);
  });

  it('ends in the foreground with status 0 when it is unmounted', async () => {
    const dir = bench.directory('foreground');
    const ended = dfuse(['-f', 'tank/d', dir]);
    while (mountAt(dir) === undefined) await setTimeout(10);
    await umount(dir);
    expect(await ended).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('is recognised as dead after SIGKILL, and replaced', async () => {
    const { dir, pid = 0 } = await bench.mount('killed');
    writeFileSync(join(dir, 'f'), 'survives');
    process.kill(pid, 'SIGKILL');
    await waitForEnd(pid, 10);
    expect(isStale(dir)).toBe(true);
    expect((await dfuse(['tank/killed', dir])).stderr).toMatch(
      /its daemon has died\ndfuse: unmount it first/,
    );
    const again = await mount({ container: 'tank/killed', dir });
    expect(isStale(dir)).toBe(false);
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('survives');
    // What the dead one counted in was removed by the next, what that counts in by itself.
    const pages = (): string[] =>
      readdirSync('/dev/shm').filter((name) => name.startsWith('dfskit-requests-'));
    const there = pages();
    const device = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find((line) => line[4] === dir)?.[2];
    expect(there).toContain(`dfskit-requests-${device}`);
    await again.umount();
    expect(isAlive(again.pid ?? 0)).toBe(false);
    expect(pages()).not.toContain(`dfskit-requests-${device}`);
  });

  it('is not mounted twice at one place, over files, or on what is no directory', async () => {
    const { dir } = await bench.mount('twice');
    await expect(mount({ container: 'tank/d', dir })).rejects.toMatchObject({ code: 'MOUNT_BUSY' });
    expect((await dfuse(['tank/d', dir])).stderr).toMatch(/a container is already mounted there/);
    const full = bench.directory('full');
    writeFileSync(join(full, 'file'), '');
    await expect(mount({ container: 'tank/d', dir: full })).rejects.toMatchObject({
      code: 'BAD_MOUNT_POINT',
    });
    await expect(mount({ container: 'tank/d', dir: join(full, 'file') })).rejects.toMatchObject({
      code: 'BAD_MOUNT_POINT',
      why: 'not a directory',
    });
    await expect(mount({ container: 'tank/d', dir: join(full, 'none') })).rejects.toMatchObject({
      code: 'BAD_MOUNT_POINT',
      why: 'no such directory',
    });
    const empty = bench.directory('empty');
    await expect(mount({ container: 'tank/none', dir: empty })).rejects.toMatchObject({
      code: 'NO_CONTAINER',
      message: 'cannot open container tank/none: no such container',
    });
    await expect(umount(empty)).rejects.toMatchObject({ code: 'NOT_MOUNTED' });
  });

  it('stays while it is used, unless it is unmounted lazily', async () => {
    const { dir, pid = 0 } = await bench.mount('used');
    const fd = openSync(join(dir, 'f'), 'w+');
    await expect(umount(dir)).rejects.toMatchObject({ code: 'MOUNT_BUSY' });
    await umount(dir, { lazy: true });
    expect(mountAt(dir)).toBeUndefined();
    writeFileSync(fd, 'late');
    closeSync(fd);
    expect(await waitForEnd(pid, 10)).toBe(true);
    await using client = await connect('tank/used');
    expect((await client.readFile('/f')).toString()).toBe('late');
  });

  it('refuses writes when read-only, by every way', async () => {
    const mounted = await bench.mount('read-only');
    writeFileSync(join(mounted.dir, 'f'), 'x');
    await mounted.umount();
    const dir = bench.directory('read only'); // the table of mounts writes the blank in another way
    await mount({ container: 'tank/read-only', dir, readOnly: true });
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('x');
    expect(() => writeFileSync(join(dir, 'g'), '')).toThrow(/EROFS/);
    expect(() => writeFileSync(join(dir, 'f'), '')).toThrow(/EROFS/);
    for (const way of ['libioil.so', 'libpil4dfs.so']) {
      const env = { LD_PRELOAD: libPath(way), DFSKIT_STORE: bench.store, LC_ALL: 'C' };
      const { stderr } = await execute('sh', ['-c', 'echo x > g; mkdir d; echo x > f', dir], {
        env,
        cwd: dir,
      });
      expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    }
  });

  // fusermount3 puts no file system over a FUSE for others than root.
  it.skipIf(!root)('may lie inside another mount, which a shim tells from it', async () => {
    const outer = await bench.mount('outer');
    const dir = join(outer.dir, 'inner');
    mkdirSync(dir);
    await createContainer({ pool: 'tank', cont: 'inner' });
    await mount({ container: 'tank/inner', dir });
    try {
      for (const way of ['libioil.so', 'libpil4dfs.so']) {
        const env = { LD_PRELOAD: libPath(way), DFSKIT_STORE: bench.store };
        for (const at of ['', `${outer.dir}/`]) {
          const script = `for i in 1 2; do echo $i > ${at}o$i; echo $i > ${at}inner/i$i; done
            ls; ls ${at}inner
            rmdir ${at}inner || mv ${at}inner ${at}moved || mv -T ${at}o1 ${at}inner || ls
            rm ${at}o? ${at}inner/i?`;
          const { stdout } = await execute('sh', ['-c', script], { env, cwd: outer.dir });
          expect(stdout).toBe('inner\no1\no2\ni1\ni2\ninner\no1\no2\n');
        }
      }
    } finally {
      await umount(dir);
    }
    expect(readdirSync(dir)).toEqual([]);
  });

  it('leaves a shim in its environment behind', async () => {
    const dir = bench.directory('shim');
    const preload = `${libPath('libpil4dfs.so')}:${libPath('libioil.so')}`;
    expect((await dfuse(['tank/d', dir], { LD_PRELOAD: preload })).status).toBe(0);
    const pid = daemonOf(dir) ?? 0;
    expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).not.toMatch(/libpil4dfs|libioil/);
    expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).toContain('libdfs_local.so');
    await umount(dir);
  });

  it('tells a shim what a descriptor is', async () => {
    const { dir } = await bench.mount('ioctl');
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'f'), 'by identifier');
    const script = `${ioctls}
d = sys.argv[1]
m, f = mount(d), file(d + '/f')
print(struct.unpack('II', m[:8])[0], struct.unpack('II', m[:8])[1] > 0, text(m[8:24]), text(m[24:536]))
version, length, lo, hi, mount_id = struct.unpack('IIQQQ', f[:32])
print(version, length > 0, lo == os.stat(d + '/f').st_ino, mount_id != 0, mount(d + '/f')[:24] == m[:24])
print(file(d), ask(d + '/f', 0xE7, 8))
hidden = '%s/\\x01dfskit-oid.%016x.%016x' % (d, hi, lo)
print(open(hidden).read(), sorted(os.listdir(d)))
os.rename(d + '/f', d + '/sub/g')
print(open(hidden).read())
to_dir = '%s/\\x01dfskit-oid.%016x.%016x' % (d, 0, os.stat(d + '/sub').st_ino)
print(os.listdir(to_dir), os.readlink(to_dir))
os.unlink(d + '/sub/g')
try: open(hidden)
except OSError as e: print(e.errno)
try: open(d + '/\\x01dfskit-x', 'w')
except OSError as e: print(e.errno)
`;
    expect((await python(script, dir)).split('\n')).toEqual([
      '4 True local tank/ioctl',
      '4 True True True True',
      '21 25',
      "by identifier ['f', 'sub']",
      'by identifier',
      "['g'] ./sub",
      '2',
      '1',
    ]);
  });

  it('counts the requests that it answers', async () => {
    const { dir } = await bench.mount('stats');
    const script = `${ioctls}
d = sys.argv[1]
before = stats(d)
for i in range(10): os.mkdir(d + '/m%d' % i)
with open(d + '/f', 'wb', buffering=0) as f:
    for i in range(5): f.write(b'x' * 100)
after = stats(d)
FUSE_MKDIR, FUSE_WRITE, FUSE_CREATE = 9, 16, 35
print([after[n] - before[n] for n in (FUSE_MKDIR, FUSE_WRITE, FUSE_CREATE)])
`;
    expect(await python(script, dir)).toBe('[10, 5, 1]');
  });

  // Its ticks cost a program beside it several percent of its bandwidth, where they went on for 20 ms.
  it('sleeps when there is nothing to answer', async () => {
    const { dir, pid = 0 } = await bench.mount('quiet');
    const slept = (): number =>
      Number(
        /^voluntary_ctxt_switches:\s*(\d+)/m.exec(
          readFileSync(`/proc/${pid}/task/${pid}/status`, 'utf8'),
        )?.[1],
      );
    const rounds: number[] = [];
    for (let round = 0; round < 5; round++) {
      await setTimeout(200);
      const before = slept();
      statSync(join(dir, '.'));
      await setTimeout(200);
      rounds.push(slept() - before);
    }
    // A machine that is busy with something else makes some rounds long.
    expect(Math.min(...rounds)).toBeLessThanOrEqual(6);
    expect(Math.min(...rounds)).toBeGreaterThan(0);
  });

  // On one processor an answer lets the program run first, and the thread then finds the next request waiting. A thread
  // more each time, up to 16, made writes of 4 KiB and of 1 MiB slower: none of them finds its buffer in the cache.
  it('answers one program with few threads, though each request is there before they look', async () => {
    const { dir, pid = 0 } = await bench.mount('threads');
    const script = `
import os, sys
d, pid = sys.argv[1:]
tasks = '/proc/%s/task' % pid
cpu = {min(os.sched_getaffinity(0))}
for tid in os.listdir(tasks) + ['0']: os.sched_setaffinity(int(tid), cpu)
try: os.nice(-20)
except PermissionError: pass
fd = os.open(d + '/f', os.O_RDWR | os.O_CREAT)
for i in range(10000): os.pwrite(fd, bytes(4096), i % 16 * 4096)
print(len(os.listdir(tasks)))
`;
    // One waits for signals, one watches, and a busy machine may hold the one at work up.
    expect(Number(await python(script, dir, String(pid)))).toBeLessThanOrEqual(6);
  });

  // In a mount namespace of its own, with a device that everybody may open.
  it.runIf(canBeAnotherUser())('works for an ordinary user', async () => {
    const mounted = await bench.mount('user');
    chmodSync(mounted.dir, 0o777);
    await mounted.umount();
    const script = `${leaveMounts()}
cd "$1" && mkdir -p user/mnt user/store && chmod 755 . && chown -R 65534:65534 user && mknod fuse c 10 229 &&
chmod 666 fuse && mount --bind fuse /dev/fuse && export DFSKIT_STORE=$1/user/store || exit
user='setpriv --reuid=65534 --regid=65534 --clear-groups'
cp -r "$DFSKIT_STORE_OF_ROOT/." user/store && chown -R 65534:65534 user/store
$user "$2" tank/user user/mnt || exit
$user sh -c 'cd user/mnt && umask 077 && echo text > f && chmod 0 f && stat -c "%a %u %g" f && rm f && : > g &&
  chmod 200 g && echo more > g && chmod 400 g && cat g && ls'
ls user/mnt 2>&1 | grep -c 'ermission denied'
$user fusermount3 -u user/mnt && echo unmounted
`;
    const result = await execute(
      'unshare',
      ['-m', 'sh', '-c', script, 'sh', bench.scratch, binPath('dfuse')],
      {
        env: { DFSKIT_STORE_OF_ROOT: bench.store },
      },
    );
    expect(result).toMatchObject({ stdout: '0 65534 65534\nmore\ng\n1\nunmounted\n', stderr: '' });
  });

  it.runIf(root)('gives files to who creates them, and tells nobody else', async () => {
    const { dir } = await bench.mount('owners', { options: ['allow_other'] });
    chmodSync(bench.scratch, 0o755);
    const script = `${ioctls}
d = sys.argv[1]
os.chmod(d, 0o777)
os.mkdir(d + '/shared'); os.chown(d + '/shared', 0, 1234); os.chmod(d + '/shared', 0o2777)
os.setgroups([]); os.setgid(2001); os.setuid(2000)
open(d + '/mine', 'w').close(); os.mkdir(d + '/dir'); os.symlink('x', d + '/link'); os.mknod(d + '/node')
print([(os.lstat(d + '/' + n).st_uid, os.lstat(d + '/' + n).st_gid) for n in ('mine', 'dir', 'link', 'node')])
open(d + '/shared/f', 'w').close(); os.mkdir(d + '/shared/d')
print(os.stat(d + '/shared/f').st_gid, os.stat(d + '/shared/d').st_gid, oct(os.stat(d + '/shared/d').st_mode))
print(mount(d), file(d + '/mine'))
`;
    expect((await python(script, dir)).split('\n')).toEqual([
      '[(2000, 2001), (2000, 2001), (2000, 2001), (2000, 2001)]',
      '1234 1234 0o42755',
      '1 1',
    ]);
  });
});

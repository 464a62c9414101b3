import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  chmodSync,
  appendFileSync,
  copyFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../support/cli.js';
import { canMount, mountBench, python, type MountBench } from '../support/mounts.js';

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

describe.skipIf(!canMount()).each(['none', 'coherent', 'cached'] as const)('files, caching=%s', (caching) => {
  let bench: MountBench;
  let dir: string;
  const at = (...names: string[]): string => join(dir, ...names);

  beforeAll(async () => {
    bench = mountBench();
    ({ dir } = await bench.mount(`files-${caching}`, { caching }));
  });
  afterAll(() => bench.close());

  it('reads what was written, of any size', () => {
    for (const size of [0, 1, 4095, 4097, 65_536, 3_000_001]) {
      const data = Buffer.alloc(size, `${size} `);
      writeFileSync(at('sizes'), data);
      expect(readFileSync(at('sizes')).equals(data)).toBe(true);
      expect(statSync(at('sizes')).size).toBe(size);
    }
  });

  it('reports mode, links and times as they were set', () => {
    writeFileSync(at('attributes'), 'x');
    chmodSync(at('attributes'), 0o4751);
    utimesSync(at('attributes'), 1_000_000.25, 2_000_000.5);
    const st = statSync(at('attributes'));
    expect(st).toMatchObject({ mode: constants.S_IFREG | 0o4751, nlink: 1, mtimeMs: 2_000_000_500 });
    expect(st.atimeMs).toBe(1_000_000_250);
  });

  it('applies the umask of the program', async () => {
    await execute('sh', ['-c', 'umask 027; : > "$1/um-file"; mkdir "$1/um-dir"', 'sh', dir]);
    expect(statSync(at('um-file')).mode & 0o777).toBe(0o640);
    expect(statSync(at('um-dir')).mode & 0o777).toBe(0o750);
  });

  it('renames, also over a file, and refuses what rename(2) refuses', () => {
    writeFileSync(at('r1'), 'one');
    writeFileSync(at('r2'), 'two');
    mkdirSync(at('rd'));
    renameSync(at('r1'), at('r2'));
    expect(readFileSync(at('r2'), 'utf8')).toBe('one');
    expect(existsSync(at('r1'))).toBe(false);
    renameSync(at('r2'), at('rd', 'r3'));
    expect(readFileSync(at('rd', 'r3'), 'utf8')).toBe('one');
    expect(codeOf(() => renameSync(at('rd'), at('rd', 'inside')))).toBe('EINVAL');
    expect(codeOf(() => renameSync(at('rd', 'r3'), at('rd')))).toMatch(/EISDIR|ENOTEMPTY/);
    expect(codeOf(() => rmdirSync(at('rd')))).toBe('ENOTEMPTY');
    expect(codeOf(() => unlinkSync(at('rd')))).toMatch(/EISDIR|EPERM/);
    expect(codeOf(() => rmdirSync(at('rd', 'r3')))).toBe('ENOTDIR');
  });

  it('exchanges two names, and keeps what is there with RENAME_NOREPLACE', async () => {
    writeFileSync(at('x1'), 'one');
    mkdirSync(at('x2'));
    const script = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def rename(a, b, flags):
    r = libc.renameat2(-100, a.encode(), -100, b.encode(), flags)
    return 0 if r == 0 else ctypes.get_errno()
d = sys.argv[1]
print(rename(d + '/x1', d + '/x2', 1), rename(d + '/x1', d + '/x2', 2))
`;
    expect(await python(script, dir)).toBe('17 0');
    expect(statSync(at('x1')).isDirectory()).toBe(true);
    expect(readFileSync(at('x2'), 'utf8')).toBe('one');
  });

  it('lists every name once, of a large directory too', () => {
    mkdirSync(at('large'));
    const names = Array.from({ length: 3000 }, (_, i) => `name-${i}-${'n'.repeat(i % 60)}`).sort();
    for (const name of names) writeFileSync(at('large', name), '');
    expect(readdirSync(at('large')).sort()).toEqual(names);
    // Removed while it is read.
    for (const name of names.slice(0, 2990)) unlinkSync(at('large', name));
    expect(readdirSync(at('large')).sort()).toEqual(names.slice(2990));
  });

  it('goes on after any entry: telldir and seekdir', async () => {
    mkdirSync(at('seek'));
    for (let i = 0; i < 500; i++) writeFileSync(at('seek', `f${i}`), '');
    const script = `
import ctypes, sys
libc = ctypes.CDLL(None)
libc.opendir.restype = ctypes.c_void_p
libc.readdir.restype = ctypes.c_void_p
for f in (libc.readdir, libc.telldir, libc.rewinddir, libc.closedir): f.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
d = libc.opendir(sys.argv[1].encode())
name = lambda e: ctypes.string_at(e + 19).decode()
first = []
while True:
    at = libc.telldir(d)
    e = libc.readdir(d)
    if not e: break
    first.append((at, name(e)))
ok = len(set(n for _, n in first)) == 502
for at, n in first[::37][::-1]:
    libc.seekdir(d, at)
    ok = ok and name(libc.readdir(d)) == n
print(ok)
`;
    expect(await python(script, at('seek'))).toBe('True');
  });

  it('tells the same inode numbers by readdir and stat', async () => {
    mkdirSync(at('numbers'));
    mkdirSync(at('numbers', 'sub'));
    writeFileSync(at('numbers', 'file'), '');
    const script =
      'import os, sys; print(all(e.inode() == os.lstat(e.path).st_ino for e in os.scandir(sys.argv[1])))';
    expect(await python(script, at('numbers'))).toBe('True');
  });

  it('keeps symbolic links, dangling ones too', () => {
    symlinkSync('no/such/place', at('dangling'));
    expect(readlinkSync(at('dangling'))).toBe('no/such/place');
    expect(lstatSync(at('dangling')).isSymbolicLink()).toBe(true);
    writeFileSync(at('target'), 'seen');
    symlinkSync('target', at('link'));
    expect(readFileSync(at('link'), 'utf8')).toBe('seen');
  });

  it('gives a file two names', () => {
    writeFileSync(at('n1'), 'same');
    linkSync(at('n1'), at('n2'));
    expect(statSync(at('n2'))).toMatchObject({ nlink: 2, ino: statSync(at('n1')).ino });
    unlinkSync(at('n1'));
    expect(readFileSync(at('n2'), 'utf8')).toBe('same');
    expect(statSync(at('n2')).nlink).toBe(1);
  });

  it('truncates by path and descriptor, to shorter and longer', () => {
    writeFileSync(at('t'), '0123456789');
    truncateSync(at('t'), 4);
    expect(readFileSync(at('t'), 'utf8')).toBe('0123');
    const fd = openSync(at('t'), 'r+');
    ftruncateSync(fd, 6);
    closeSync(fd);
    expect(readFileSync(at('t'), 'latin1')).toBe('0123\0\0');
    writeFileSync(at('t'), '');
    expect(statSync(at('t')).size).toBe(0);
  });

  it('keeps an open file whose name is gone', () => {
    const fd = openSync(at('gone'), 'w+');
    writeSync(fd, 'still here');
    unlinkSync(at('gone'));
    expect(existsSync(at('gone'))).toBe(false);
    writeFileSync(at('gone'), 'another');
    const buffer = Buffer.alloc(10);
    expect(readSync(fd, buffer, 0, 10, 0)).toBe(10);
    expect(buffer.toString()).toBe('still here');
    expect(fstatSync(fd)).toMatchObject({ nlink: 0, size: 10 });
    ftruncateSync(fd, 5);
    expect(fstatSync(fd).size).toBe(5);
    closeSync(fd);
  });

  it.runIf(process.getuid?.() === 0)('drops set-id bits when another user changes the file', async () => {
    const others = await bench.mount(`ids-${caching}`, { caching, options: ['allow_other'] });
    const script = `
import os, sys
path = sys.argv[1] + '/f'
def bits(change, uid):
    with open(path, 'wb') as f: f.write(b'x' * 10)
    os.chmod(path, 0o6777)
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(uid, uid, uid)
        change()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return oct(os.stat(path).st_mode & 0o7777)
def write():
    fd = os.open(path, os.O_WRONLY)
    os.pwrite(fd, b'y', 3)
    os.pwrite(fd, b'y', 4)
def fallocate(): os.posix_fallocate(os.open(path, os.O_WRONLY), 0, 100)
changes = [write, lambda: os.truncate(path, 1), lambda: os.open(path, os.O_WRONLY | os.O_TRUNC), fallocate]
print(*[bits(c, 65534) for c in changes])
print(bits(write, 0))
`;
    await execute('chmod', ['755', bench.scratch, join(bench.scratch, 'mnt')]);
    expect(await python(script, others.dir)).toBe('0o777 0o777 0o777 0o777\n0o6777');
  });

  it('keeps extended attributes', async () => {
    writeFileSync(at('xattr'), '');
    const script = `
import os, sys
p = sys.argv[1]
def code(f):
    try: f(); return 0
    except OSError as e: return e.errno
os.setxattr(p, 'user.a', b'1')
os.setxattr(p, 'user.long', b'x' * 5000)
out = [os.getxattr(p, 'user.a').decode(), len(os.getxattr(p, 'user.long')), sorted(os.listxattr(p))]
out.append(code(lambda: os.setxattr(p, 'user.a', b'2', os.XATTR_CREATE)))
out.append(code(lambda: os.setxattr(p, 'user.b', b'2', os.XATTR_REPLACE)))
os.removexattr(p, 'user.a')
out.append(code(lambda: os.getxattr(p, 'user.a')))
print(out)
`;
    expect(await python(script, at('xattr'))).toBe("['1', 5000, ['user.a', 'user.long'], 17, 61, 61]");
  });

  it('appends whole pieces, whoever appends at the same time', async () => {
    const script = `
import os, sys
for k in range(4):
    if os.fork() == 0:
        fd = os.open(sys.argv[1], os.O_APPEND | os.O_CREAT | (os.O_RDWR if k % 2 else os.O_WRONLY), 0o644)
        for i in range(200): os.write(fd, bytes([65 + k]) * 1000)
        os._exit(0)
for k in range(4): os.wait()
data = open(sys.argv[1], 'rb').read()
print(len(data), all(len(set(data[i:i + 1000])) == 1 for i in range(0, len(data), 1000)))
`;
    expect(await python(script, at('append'))).toBe('800000 True');
    appendFileSync(at('append'), 'end');
    expect(statSync(at('append')).size).toBe(800_003);
  });

  it('copies, seeks holes, allocates and punches', async () => {
    writeFileSync(at('copy-from'), Buffer.alloc(2_500_000, 'copy '));
    copyFileSync(at('copy-from'), at('copy-to'));
    expect(readFileSync(at('copy-to')).equals(readFileSync(at('copy-from')))).toBe(true);
    const script = `
import os, sys, ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.posix_fallocate(fd, 0, 100000)
out = [os.fstat(fd).st_size]
os.pwrite(fd, b'd' * 100000, 0)
out.append(libc.fallocate(fd, 3, 0, 8192))
out.append(os.pread(fd, 8193, 0) == bytes(8192) + b'd')
out.append(os.lseek(fd, 0, os.SEEK_END))
os.fsync(fd); os.fdatasync(fd)
try: os.lseek(fd, 200000, os.SEEK_DATA)
except OSError as e: out.append(e.errno)
print(out)
`;
    expect(await python(script, at('holes'))).toBe('[100000, 0, True, 100000, 6]');
  });

  it('maps files privately, and shared where pages are kept', async () => {
    writeFileSync(at('map'), Buffer.alloc(10_000, 'm'));
    const script = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
private = mmap.mmap(fd, 10000, mmap.MAP_PRIVATE)
out = [private[:3]]
private[0:3] = b'PPP'
try:
    m = mmap.mmap(fd, 10000, mmap.MAP_SHARED)
    m[5000:5004] = b'WXYZ'
    m.flush()
    m.close()
    out.append(os.pread(fd, 4, 5000))
except OSError as e:
    out.append(e.errno)
out.append(os.pread(fd, 3, 0))
print(out)
`;
    const shared = caching === 'none' ? '19' : "b'WXYZ'";
    expect(await python(script, at('map'))).toBe(`[b'mmm', ${shared}, b'mmm']`);
    if (caching !== 'none') expect(readFileSync(at('map')).subarray(5000, 5004).toString()).toBe('WXYZ');
  });

  it('runs programs that lie on it', async () => {
    copyFileSync('/bin/echo', at('echo'));
    chmodSync(at('echo'), 0o755);
    expect((await execute(at('echo'), ['it', 'runs'])).stdout).toBe('it runs\n');
  });

  it('refuses devices and pipes, and leaves locks to the kernel', async () => {
    const script = `
import fcntl, os, sys
d = sys.argv[1]
def code(f):
    try: f(); return 0
    except OSError as e: return e.errno
out = [code(lambda: os.mkfifo(d + '/fifo'))]
fd = os.open(d + '/lock', os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
fcntl.lockf(fd, fcntl.LOCK_EX)
pid = os.fork()
if pid == 0:
    other = os.open(d + '/lock', os.O_RDWR)
    os._exit(code(lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)))
out.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
out.append(code(lambda: os.open(d, os.O_TMPFILE | os.O_RDWR)))
print(out)
`;
    expect(await python(script, dir)).toBe('[95, 11, 95]');
  });
});

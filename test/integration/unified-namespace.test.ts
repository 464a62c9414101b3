import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, createContainer, destroyContainer, type FileSystem } from '../../src/dfs/index.js';
import { libPath } from '../../src/paths.js';
import { execute } from '../support/cli.js';
import { canMount, mountBench, type MountBench } from '../support/mounts.js';
import { countRequests } from '../support/requests.js';

const script = `
import errno, os, shutil, sys
root = sys.argv[1]
name = lambda e: errno.errorcode[e.errno]
def attempt(f, *args):
    try: return f(*args)
    except OSError as e: return name(e)
`;

/** What a program sees of a directory and a file that stand for other containers. */
describe.skipIf(!canMount()).each(['dfuse', 'ioil', 'pil4dfs'] as const)(
  'linked containers through %s',
  (way) => {
    let bench: MountBench;
    let dir: string;
    let other: FileSystem;
    const run = async (text: string): Promise<string[]> => {
      const env = way === 'dfuse' ? {} : { LD_PRELOAD: libPath(`lib${way}.so`) };
      const { stdout, stderr } = await execute('python3', ['-c', script + text, dir], { env });
      expect(stderr).toBe('');
      return stdout.trimEnd().split('\n');
    };

    beforeAll(async () => {
      bench = mountBench();
      ({ dir } = await bench.mount(`main-${way}`));
      for (const cont of ['other', 'third']) await createContainer({ pool: 'tank', cont: `${cont}-${way}` });
      other = await connect({ pool: 'tank', cont: `other-${way}` });
      await other.writeFile('/there', Buffer.from('in the other container'));
      mkdirSync(join(dir, 'a/b'), { recursive: true });
      mkdirSync(join(dir, 'a/plain'));
      writeFileSync(join(dir, 'a/file'), 'a file');
      await run(`
os.setxattr(root + '/a/b', 'user.daos', b'DAOS.POSIX://tank/other-${way}')
os.setxattr(root + '/a/file', 'user.daos', b'DAOS.POSIX://tank/other-${way}')
os.setxattr(root + '/a/plain', 'user.daos', b'DAOS.HDF5://tank/other-${way}')
`);
    });
    afterAll(async () => {
      await other.close();
      await bench.close();
    });

    it('shows the files of the other container, and writes them there', async () => {
      expect(
        await run(`
d = root + '/a/b'
print(os.listdir(d), open(d + '/there').read())
with open(d + '/new', 'w') as f: f.write('from here')
os.mkdir(d + '/sub'); os.rename(d + '/new', d + '/sub/new')
os.symlink('sub/new', d + '/link')
print(open(d + '/link').read(), sorted(os.listdir(d)))
fd = os.open(d + '/sub', os.O_RDONLY)
print(os.read(os.open('new', os.O_RDONLY, dir_fd=fd), 99).decode())
os.chdir(d + '/sub')
print(os.getcwd() == d + '/sub', open('../there').read(), open('../../file/there').read(), os.path.exists('../../b/sub/new'))
with open(d + '/there', 'r+') as f:
    f.seek(0, 2); f.write(', changed'); f.flush(); print(os.fstat(f.fileno()).st_size)
`),
      ).toEqual([
        "['there'] in the other container",
        "from here ['link', 'sub', 'there']",
        'from here',
        'True in the other container in the other container True',
        '31',
      ]);
      expect((await other.readFile('/sub/new')).toString()).toBe('from here');
      expect((await other.readFile('/there')).toString()).toBe('in the other container, changed');
      await using main = await connect({ pool: 'tank', cont: `main-${way}` });
      expect((await main.readdir('/a/b')).map((entry) => entry.name)).toEqual([]);
      expect((await main.readFile('/a/file')).toString()).toBe('a file');
    });

    it('gives it inode numbers of its own, and one st_dev for all', async () => {
      expect(
        await run(`
a, b, c = (os.stat(root + p) for p in ('', '/a/b', '/a/file'))
print(len({a.st_ino, b.st_ino, c.st_ino}), len({a.st_dev, b.st_dev, c.st_dev}), oct(c.st_mode & 0o170000))
print(os.stat(root + '/a/b/..').st_ino == os.stat(root + '/a').st_ino)
print(os.getxattr(root + '/a/b', 'user.daos').decode(), os.getxattr(root + '/a/plain', 'user.daos').decode())
`),
      ).toEqual(['3 1 0o40000', 'True', `DAOS.POSIX://tank/other-${way} DAOS.HDF5://tank/other-${way}`]);
    });

    it('moves, links and removes nothing across', async () => {
      expect(
        await run(`
a, b = root + '/a', root + '/a/b'
open(a + '/f', 'w').close(); os.mkdir(a + '/d')
print(attempt(os.rename, a + '/f', b + '/f'), attempt(os.rename, b + '/there', a + '/there'))
print(attempt(os.link, a + '/f', b + '/f'), attempt(os.link, b + '/there', a + '/there'))
print(attempt(os.rename, b + '/there', a + '/file/there'))
print(attempt(os.rmdir, b), attempt(os.rename, a + '/d', b), os.path.exists(b + '/there'))
print(attempt(shutil.move, a + '/f', b + '/moved') == b + '/moved', os.path.exists(b + '/moved'), os.path.exists(a + '/f'))
`),
      ).toEqual(['EXDEV EXDEV', 'EXDEV EXDEV', 'EXDEV', 'EXDEV EXDEV True', 'True True False']);
    });

    it('goes with its name', async () => {
      expect(
        await run(`
a = root + '/a'
os.rename(a + '/b', a + '/c')
print(attempt(os.listdir, a + '/b'), 'there' in os.listdir(a + '/c'))
os.rename(a + '/c', a + '/b')
print('there' in os.listdir(a + '/b'))
`),
      ).toEqual(['ENOENT True', 'True']);
    });

    it('has no files where the container is missing, and no end where it leads into itself', async () => {
      mkdirSync(join(dir, 'lost'));
      mkdirSync(join(dir, 'self'));
      await run(`
os.setxattr(root + '/lost', 'user.daos', b'DAOS.POSIX://tank/nowhere')
os.setxattr(root + '/self', 'user.daos', b'DAOS.POSIX://tank/main-${way}')`);
      expect(
        await run(`
lost, self = root + '/lost', root + '/self'
print(os.path.isdir(lost), attempt(os.listdir, lost), attempt(os.mkdir, lost + '/d'), attempt(open, lost + '/f', 'w'))
print(attempt(os.rmdir, lost), os.path.exists(lost))
print(attempt(os.listdir, self), attempt(open, self + '/a/f2', 'w'), os.path.exists(self + '/a/b/there'))
`),
      ).toEqual(['True ENOLINK ENOLINK ENOLINK', 'None False', 'ELOOP ELOOP False']);
    });

    it.skipIf(process.getuid?.() !== 0)(
      'lets the container be destroyed when nobody uses it any more',
      async () => {
        mkdirSync(join(dir, 'third'));
        await run(`os.setxattr(root + '/third', 'user.daos', b'DAOS.POSIX://tank/third-${way}')`);
        expect(
          await run(`open(root + '/third/f', 'w').write('x'); print(os.listdir(root + '/third'))`),
        ).toEqual(["['f']"]);
        writeFileSync('/proc/sys/vm/drop_caches', '2');
        for (let tries = 0; ; tries++) {
          try {
            await destroyContainer({ pool: 'tank', cont: `third-${way}` });
            break;
          } catch (error) {
            if (tries === 20) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
        expect(
          await run(`print(attempt(os.listdir, root + '/third'), attempt(os.rmdir, root + '/third'))`),
        ).toEqual(['ENOLINK None']);
      },
    );

    it.skipIf(way === 'dfuse')(
      'is read and written directly, and opened again by all that started with it',
      async () => {
        expect(
          await run(`
import fcntl, struct, subprocess
${countRequests}
d = root + '/a/b'
before = transfers(root)
with open(d + '/direct', 'wb') as f:
    for i in range(200): f.write(b'%05d' % i * 1000)
fd = os.open(d + '/direct', os.O_RDWR)
for i in range(200):
    os.pwrite(fd, b'%03d' % i, i * 5000)
    assert os.read(fd, 5000)[:5] == b'%03d' % i + (b'%05d' % i)[3:]
twin = os.open(root + '/a/file/direct', os.O_RDONLY)
print(transfers(root) - before, os.pread(twin, 5, 5000).decode(), os.path.samestat(os.fstat(fd), os.stat(d + '/direct')))
copy = subprocess.run([sys.executable, '-c', '''
import os, sys
fd = int(sys.argv[1])
print(os.lseek(fd, 0, 1), os.pread(fd, 5, 5000).decode(), os.write(fd, b'end'), os.fstat(fd).st_size)
''', str(fd)], pass_fds=[fd], stdout=subprocess.PIPE, check=True)
print(copy.stdout.decode().strip(), os.lseek(fd, 0, 1), os.pread(fd, 9, 1000000).decode())
pid = os.fork()
if pid == 0: os._exit(os.write(fd, b'!' * 10))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.lseek(fd, 0, 1), os.stat('/proc/self/fd/%d' % fd).st_size)
os.unlink(d + '/direct')
print(os.fstat(fd).st_nlink, os.pread(fd, 3, 5000).decode())
`),
        ).toEqual(['0 00101 True', '1000000 00101 3 1000003 1000003 end', '10 1000013 1000013', '0 001']);
        expect((await other.readdir('/')).map((entry) => entry.name)).not.toContain('direct');
      },
    );

    it('is written to by a program that is inherited a descriptor, and mapped', async () => {
      expect(
        await run(`
import mmap, subprocess
with open(root + '/a/b/inherited', 'w+b', 0) as f:
    f.write(b'one ')
    subprocess.run(['/bin/sh', '-c', 'echo two'], stdout=f, check=True)
    f.write(b'three')
    with mmap.mmap(f.fileno(), 0) as m: m[0:3] = b'ONE'
    f.seek(0); print(f.read())
`),
      ).toEqual(["b'ONE two\\nthree'"]);
      expect((await other.readFile('/inherited')).toString()).toBe('ONE two\nthree');
      expect(readFileSync(join(dir, 'a/b/inherited'), 'utf8')).toBe('ONE two\nthree');
    });
  },
);

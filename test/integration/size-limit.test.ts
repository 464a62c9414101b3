import { describe, expect, it } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer, ways } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Says of each call what it gave, how many SIGXFSZ came, and how large the file is then. */
const calls = String.raw`
import errno, os, resource, signal
signals = []
signal.signal(signal.SIGXFSZ, lambda *_: signals.append(1))
def limit(n): resource.setrlimit(resource.RLIMIT_FSIZE, (n, resource.RLIM_INFINITY))
def say(what, call):
    signals.clear()
    try: result = call()
    except OSError as e: result = errno.errorcode[e.errno]
    for _ in range(2): pass # handlers run between two steps
    print(what, result, len(signals), os.stat('f').st_size)
def names(n):
    os.close(os.open('g%d' % n, os.O_CREAT | os.O_WRONLY))
    os.rename('g%d' % n, 'h%d' % n)
    os.mkdir('d%d' % n)

# Small ones, one that becomes large, and a large one.
for n, base in ((50, 30), (4096, 4000), (5000, 3000), (100000, 90000)):
    fd = os.open('f', os.O_CREAT | os.O_RDWR | os.O_TRUNC)
    end = os.open('f', os.O_WRONLY | os.O_APPEND)
    os.pwrite(fd, b'b' * base, 0)
    limit(n)
    say('inside', lambda: os.pwrite(fd, b'x' * 10, 0))
    say('across', lambda: os.pwrite(fd, b'x' * n, 10))
    say('at', lambda: os.pwrite(fd, b'x', n))
    say('behind', lambda: os.pwrite(fd, b'x', n + 7))
    os.ftruncate(fd, base)
    say('append across', lambda: os.writev(end, [b'y' * (n - base - 5), b'z' * 2, b'w' * 20]))
    say('append at', lambda: os.write(end, b'z'))
    say('longer', lambda: os.ftruncate(fd, n + 1))
    say('longer by path', lambda: os.truncate('f', n + 1))
    say('as long', lambda: os.ftruncate(fd, n))
    say('allocated', lambda: os.posix_fallocate(fd, 0, n + 1))
    limit(n - 20)
    say('lower, inside', lambda: os.pwrite(fd, b'x' * 10, 0))
    say('lower, across', lambda: os.pwrite(fd, b'x' * 20, n - 30))
    say('lower, behind', lambda: os.pwrite(fd, b'x', n - 10))
    say('lower, shorter', lambda: os.ftruncate(fd, n - 1))
    say('lower, longer', lambda: os.ftruncate(fd, n))
    limit(0)
    say('none', lambda: os.pwrite(fd, b'x', 0))
    say('none, empty', lambda: os.pwrite(fd, b'', 0))
    say('names', lambda: names(n))
    limit(resource.RLIM_INFINITY)
    os.close(end)
    os.close(fd)
`;

describe('a limit on the size of files', () => {
  sameAsKernel(mounted, {
    name: 'cuts and refuses writes of small and large files alike, and changes no name',
    needs: ['python3'],
    script: `exec python3 - <<'EOF'\n${calls}\nEOF`,
  });

  it.for(ways)('ends a program that does not expect it (%s)', async (way) => {
    const directory = mounted.directory(way);
    // The soft limit alone, in blocks of 1 KiB; the first file is small, the second is not.
    const script = `
ulimit -S -f 1
head -c 1500 /dev/zero | dd bs=1500 of=small 2> /dev/null || echo "$?"
ulimit -S -f 100
head -c 150000 /dev/zero | dd bs=150000 iflag=fullblock of=large 2> /dev/null || echo "$?"
stat -c '%n %s' small large`;
    const { stdout } = await mounted.script(way, script, { directory });
    expect(stdout).toBe('153\n153\nsmall 1024\nlarge 102400\n');
  });

  it.for(ways)('lets a program change names that may write nothing (%s)', async (way) => {
    const directory = mounted.directory(way);
    const script = 'ulimit -S -f 0; mkdir d && mv d e && ln -s x l && mv l m && rm m && rmdir e && echo done';
    expect((await mounted.script(way, script, { directory })).stdout).toBe('done\n');
  });
});

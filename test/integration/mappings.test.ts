import { describe, expect, it } from 'vitest';
import { useMountedContainer } from '../support/mounted.js';
import { countRequests } from '../support/requests.js';

const mounted = useMountedContainer();

const script = `
import ctypes, fcntl, mmap, os, struct, sys
root = os.environ['ROOT']
${countRequests}
fd = os.open('f', os.O_RDWR | os.O_CREAT, 0o644)
other = os.open('f', os.O_RDWR)
size = 64 * 4096
os.write(fd, b'0' * size)
def direct():
    before = transfers(root)
    for i in range(20):
        os.pwrite(fd, b'%02d' % i, i * 8192)
        assert os.pread(other, 2, i * 8192) == b'%02d' % i
    return transfers(root) == before
`;

describe.each(['ioil', 'pil4dfs'] as const)('a file that is mapped, through %s', (way) => {
  const run = async (text: string): Promise<string[]> => {
    const { status, stdout, stderr } = await mounted.run(way, 'python3', ['-c', script + text], {
      directory: mounted.directory(way),
      env: { ROOT: mounted.mountPoint },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };

  it('is read and written directly again when the last mapping has gone', async () => {
    const text = `
print(direct())
m, n = mmap.mmap(fd, size), mmap.mmap(other, 8192)
m[0:2] = b'MM'; n[8190:8192] = b'NN'
print(direct(), m[8192:8194])
m.close()
print(direct())
n[4096:4098] = b'nn'
n.close()
print(direct(), os.pread(fd, 2, 4096), os.pread(other, 2, 8190))
for i in range(200):
    with mmap.mmap(fd, size) as m: m[100:103] = b'%03d' % i
    assert os.pread(other, 3, 100) == b'%03d' % i
    os.pwrite(fd, b'%03d' % i, 5000)
    with mmap.mmap(other, size) as m: assert m[5000:5003] == b'%03d' % i
print(direct())`;
    expect(await run(text)).toEqual(['True', "False b'01'", 'False', "True b'nn' b'NN'", 'True']);
  });

  it('stays mapped while a piece of a mapping does', async () => {
    const text = `
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
at = libc.mmap(None, size, 3, mmap.MAP_SHARED, fd, 0)
store = lambda offset, data: ctypes.memmove(at + offset, data, len(data))
cut = lambda first, pages: libc.munmap(at + first * 4096, pages * 4096)
store(0, b'first'); store(63 * 4096, b'last')
print(cut(10, 10), direct(), os.pread(other, 4, 63 * 4096))
print(cut(0, 10), direct(), cut(50, 14), direct())
store(31 * 4096, b'middle')
print(os.pread(other, 6, 31 * 4096), cut(20, 30), direct(), os.pread(other, 6, 31 * 4096))`;
    expect(await run(text)).toEqual(["0 False b'last'", '0 False 0 False', "b'middle' 0 True b'middle'"]);
  });

  it('stays mapped for good when a mapping was moved, or shared with a program that has no shim', async () => {
    const moved = `
m = mmap.mmap(fd, 4096)
m.resize(size)
m[size - 3:size] = b'end'
m.close()
print(direct(), os.pread(other, 3, size - 3))`;
    expect(await run(moved)).toEqual(["False b'end'"]);
  });

  it('is still mapped in a child', async () => {
    const text = `
m = mmap.mmap(fd, size)
pid = os.fork()
if pid == 0:
    m[100:105] = b'child'
    print(direct(), os.pread(other, 5, 200), flush=True)
    m.close()
    print(direct(), os.pread(other, 5, 100), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(m[8192:8194], direct())`;
    expect(await run(text)).toEqual(["False b'00000'", "True b'child'", "b'01' False"]);
  });
});

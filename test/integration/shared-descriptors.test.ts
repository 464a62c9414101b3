import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCounters } from '../../src/telemetry/counters.js';
import { program } from '../support/build.js';
import { useMountedContainer, type Place } from '../support/mounted.js';
import type { Outcome } from '../support/run.js';
import { countRequests } from '../support/requests.js';

const mounted = useMountedContainer();

/**
 * A parent and a child that share one open-file description, which the child got by inheritance or over a socket. They
 * take turns, and each says what it saw; then all offsets and bytes are told.
 */
const script = `
import array, fcntl, mmap, os, socket, struct, subprocess, sys, time
role, how, flags = sys.argv[1], sys.argv[2], int(sys.argv[3])

def turn(sock):
    sock.sendall(b'x')
    if sock.recv(1) != b'x': sys.exit(1)

def see(who, fd):
    out = [who, os.lseek(fd, 0, os.SEEK_CUR)]
    out += [os.read(fd, 3), os.pread(fd, 4, 2), os.lseek(fd, 0, os.SEEK_CUR)]
    out += [os.write(fd, who.encode()), os.pwrite(fd, who[:1].encode() * 3, 20), os.fstat(fd).st_size]
    out += [os.pread(fd, 100, 0), os.lseek(fd, 1, os.SEEK_CUR), fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND]
    print(*out, flush=True)

${countRequests}
def reads(): return requests(os.environ['ROOT'])[15]

if role == 'parent':
    fd = os.open('f', os.O_RDWR | os.O_CREAT | flags, 0o644)
    os.pwrite(fd, b'0123456789' * 3, 0)
    os.lseek(fd, 1, os.SEEK_SET)
    if how == 'inherited':
        sock, there = socket.socketpair()
        env = dict(os.environ)
        if 'CHILD_PRELOAD' in env: env['LD_PRELOAD'] = env['CHILD_PRELOAD']
        command = [sys.executable, '-c', os.environ['SCRIPT'], 'child', how, str(flags), str(there.fileno()), str(fd)]
        child = subprocess.Popen(command, env=env, pass_fds=[there.fileno(), fd])
        there.close()
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.environ['SOCKET'] + '.new')
        listener.listen()
        os.rename(os.environ['SOCKET'] + '.new', os.environ['SOCKET'])
        sock, _ = listener.accept()
        sock.sendmsg([b'y'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
    for i in range(2):
        if sock.recv(1) != b'x': sys.exit(1)
        see('parent', fd)
        other = os.open('f', os.O_RDWR)
        os.pwrite(other, b'!', 3)
        os.close(other)
        if i == 1: fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) ^ os.O_APPEND)
        sock.sendall(b'x')
    sys.exit(child.wait() if how == 'inherited' else 0)

if how == 'inherited': sock, fd = socket.socket(fileno=int(sys.argv[4])), int(sys.argv[5])
else:
    sock = socket.socket(socket.AF_UNIX)
    while not os.path.exists(os.environ['SOCKET']): time.sleep(0.01)
    sock.connect(os.environ['SOCKET'])
    _, control, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(4))
    fd = array.array('i', control[0][2])[0]
for i in range(2):
    see('child', fd)
    turn(sock)
see('child', fd)
other = os.open('f', os.O_RDWR)
appends = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND
for i in range(100):
    os.pwrite(other, b'%02d' % (i % 100), 4094)
    assert os.pread(fd, 2, 4094) == b'%02d' % i
    os.lseek(fd, 4094, os.SEEK_SET)
    assert os.read(fd, 2) == b'%02d' % i
    os.pwrite(fd, b'%02d' % (99 - i), 7)
    assert appends or os.pread(other, 2, 7) == b'%02d' % (99 - i)
copy = os.dup(fd)
os.lseek(copy, 5, os.SEEK_SET)
print(os.lseek(fd, 0, os.SEEK_CUR), os.path.samestat(os.fstat(fd), os.stat('f')))
name = os.path.basename(os.readlink('/proc/self/fd/%d' % fd))
print(os.stat('/proc/self/fd/%d' % fd).st_size, 'f' if 'dfskit-oid.' in name else name)
if not flags: # else it is past the page cache, and can't be mapped
    with mmap.mmap(fd, 4096) as m:
        m[0:2] = b'MM'
        print(os.pread(fd, 4, 0), os.pread(other, 4, 0))
os.unlink('f')
print(os.pread(fd, 4, 0), os.fstat(fd).st_nlink)
os.ftruncate(fd, 4)
print(os.fstat(fd).st_size, os.pread(fd, 9, 0))
if 'ROOT' in os.environ:
    before = reads()
    for i in range(200): assert len(os.pread(fd, 3, i % 2)) == 3
    sys.stderr.write('%d ' % (reads() - before))
os.close(fd)
`;

type Way = 'dfuse' | 'ioil' | 'pil4dfs';

/** What parent and child print, and how many requests the child's 200 reads at given offsets made. */
async function share(
  parent: Place,
  child: Place,
  how: 'inherited' | 'received',
  flags: number,
): Promise<{ stdout: string; requests: number; report: string }> {
  const directory = mounted.directory(parent);
  const report = `${directory.replaceAll('/', '-')}.report`;
  const socket = join(mounted.base, `${basename(directory)}.socket`);
  const env = {
    SCRIPT: script,
    SOCKET: socket,
    ...(parent === 'kernel' ? {} : { ROOT: mounted.mountPoint }),
  };
  const start = (place: Place, role: string, more: NodeJS.ProcessEnv): Promise<Outcome> =>
    mounted.run(place, program('python3') ?? 'python3', ['-c', script, role, how, String(flags)], {
      directory,
      env: { ...env, ...more },
    });
  const counted = { DFSKIT_REPORT: join(mounted.base, report) };
  const { LD_PRELOAD: preload } = mounted.environment(child);
  const outcomes = await Promise.all(
    how === 'inherited'
      ? [start(parent, 'parent', preload === undefined ? {} : { CHILD_PRELOAD: preload, ...counted })]
      : [start(parent, 'parent', {}), start(child, 'child', counted)],
  );
  const said = outcomes.map(({ stderr }) => stderr).join('');
  expect({ ...outcomes.map(({ status }) => status), stderr: said.replace(/^\d+ $/, '') }).toEqual({
    ...outcomes.map(() => 0),
    stderr: '',
  });
  return {
    stdout: outcomes.map(({ stdout }) => stdout).join(''),
    requests: parseInt(said || '-1'),
    report: counted.DFSKIT_REPORT,
  };
}

const APPEND = 0o2000;
const WAYS: readonly Way[] = ['dfuse', 'ioil', 'pil4dfs'];
/** What a shim starts has the same shim. */
const pairs = {
  inherited: [...WAYS.map((child) => ['dfuse', child] as const), ['ioil', 'ioil'], ['pil4dfs', 'pil4dfs']],
  received: WAYS.flatMap((parent) => WAYS.map((child) => [parent, child] as const)),
} as const;

describe.each(['inherited', 'received'] as const)('a descriptor that is %s', (how) => {
  it.each(pairs[how])(
    'means the same to who opened it with %s and to another with %s',
    async (parent, child) => {
      for (const flags of [0, APPEND]) {
        const { stdout } = await share(parent, child, how, flags);
        expect(stdout).toBe((await share('kernel', 'kernel', how, flags)).stdout);
      }
    },
  );

  it.each(['ioil', 'pil4dfs'] as const)(
    'from a program without a shim is read directly by %s',
    async (child) => {
      const { requests, report } = await share('dfuse', child, how, 0);
      expect(requests).toBe(0);
      const { calls, bytesRead } = readCounters(report);
      expect(calls.find(({ name }) => name === 'pread64')?.taken).toBeGreaterThanOrEqual(300n);
      expect(bytesRead).toBeGreaterThanOrEqual(600n);
    },
  );
});

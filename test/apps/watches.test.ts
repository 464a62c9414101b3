import { describe, expect, it } from 'vitest';
import { program } from '../support/build.js';
import { useMountedContainer, ways, type Place } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Watches a directory, has others change it, and prints the names that were reported within two seconds. */
const watcher = `
import ctypes, os, select, struct, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
assert fd >= 0 and libc.inotify_add_watch(fd, sys.argv[1].encode(), 0xfff) >= 0, os.strerror(ctypes.get_errno())
tools = {'kernel': '/bin/busybox', 'shim': '/usr/bin/env'} # busybox is static: no shim can be in it
for name, tool in tools.items():
    subprocess.run([tool, 'sh', '-c', f'{tool} touch {name}; {tool} mv {name} {name}.moved; {tool} rm {name}.moved'], check=True)
    seen, until = set(), time.time() + 2
    while time.time() < until and not {name, name + '.moved'} <= seen:
        if not select.select([fd], [], [], 0.1)[0]: continue
        buffer, at = os.read(fd, 65536), 0
        while at < len(buffer):
            size = struct.unpack_from('iIII', buffer, at)[3]
            seen.add(buffer[at + 16:at + 16 + size].rstrip(b'\\0').decode()); at += 16 + size
    print(name, sorted(seen - {''}))
assert libc.inotify_rm_watch(fd, 1) == 0; os.close(fd)
print('end')
`;

describe('inotify', () => {
  // docs/shim.md: the kernel reports what passes through it; names that libpil4dfs changes do not.
  for (const where of ['.', 'absolute'] as const) {
    it.for<Place>(['kernel', ...ways])(
      `a watch on a directory (${where}) reports what went through the kernel, and ends (%s)`,
      async (way, { skip }) => {
        skip(!program('python3') || !program('busybox'), 'needs python3 and busybox');
        const directory = mounted.directory(way, 'watched');
        const args = ['-c', watcher, where === '.' ? '.' : directory];
        const { stdout, stderr, status } = await mounted.run(way, program('python3') ?? '', args, {
          directory,
          seconds: 60,
        });
        const [kernel, shim, end] = stdout.split('\n');
        expect({ kernel, end, stderr, status }).toEqual({
          kernel: "kernel ['kernel', 'kernel.moved']",
          end: 'end',
          stderr: '',
          status: 0,
        });
        if (['kernel', 'dfuse', 'ioil'].includes(way)) expect(shim).toBe("shim ['shim', 'shim.moved']");
      },
    );
  }
  it.for<Place>(['kernel', ...ways])(
    'node: fs.watch starts, closes, and lets the program end; fs.watchFile sees a change (%s)',
    async (way) => {
      const directory = mounted.directory(way, 'watched');
      const script = `
        const fs = require('fs');
        const watch = fs.watch('.', () => {}); watch.on('error', (error) => console.log(String(error)));
        fs.writeFileSync('f', 'a');
        fs.watchFile('f', { interval: 50 }, (now, before) => {
          if (now.size === before.size) return;
          console.log(before.size, now.size); fs.unwatchFile('f'); watch.close();
        });
        setTimeout(() => fs.appendFileSync('f', 'bc'), 500);`;
      expect(
        await mounted.run(way, process.execPath, ['-e', script], { directory, seconds: 60 }),
      ).toMatchObject({
        stdout: '1 3\n',
        stderr: '',
        status: 0,
      });
    },
  );
});

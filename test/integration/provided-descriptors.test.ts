import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { program, providerOver } from '../support/build.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

const shell = `
  cd "$0"; : > out; exec 9>> out; echo start >&9
  exec 3>> out 4>> out 5>&4 6<> both; echo three >&3; echo four >&4; echo five >&5; echo both >&6
  exec 3>&- 4>&- 5>&- 6>&- 7>&1; echo end >&9; cat out both
  ls /proc/$$/fd > list; awk '$1 < 9' list | sort -n | xargs; rm list`; // a pipe would be there, too

const closing = `
import os, sys
f = os.open(sys.argv[1] + '/closed', os.O_RDWR | os.O_CREAT)
os.write(f, b'before '); os.dup2(f, 0)
os.closerange(3, 2048)
for fd in range(3, 2048):
    try: os.close(fd)
    except OSError: pass
os.write(0, b'after')
print(os.pread(0, 99, 0).decode(), os.open('/dev/null', os.O_RDONLY))`;

/** What a provider opens by itself is in no program's way, and none closes it unawares: native/shim/provided.c. */
describe.each(['ioil', 'pil4dfs'] as const)("descriptors of a provider's own, through %s", (way) => {
  const env = () => ({ DFSKIT_PROVIDER_LIB: providerOver(mounted.programs, 'low_provider.c') });

  it('a shell has its numbers, and what it writes arrives', async () => {
    const directory = mounted.directory(way);
    const args = ['-euc', shell, directory];
    const { stdout, stderr, status } = await mounted.run(way, program('bash') ?? 'bash', args, {
      directory: '/',
      env: env(),
    });
    expect({ stdout, stderr, status }).toEqual({
      stdout: 'start\nthree\nfour\nfive\nend\nboth\n0 1 2 7\n',
      stderr: '',
      status: 0,
    });
    expect(readdirSync(directory).sort()).toEqual(['both', 'out']);
  });

  it('a program that closes all descriptors that it does not know goes on writing', async () => {
    const args = ['-c', closing, mounted.directory(way)];
    const outcome = await mounted.run(way, program('python3') ?? 'python3', args, {
      directory: '/',
      env: env(),
    });
    expect(outcome).toMatchObject({ stdout: 'before after 3\n', stderr: '', status: 0 });
  });
});

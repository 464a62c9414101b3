import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();
const base = mkdtempSync(join(tmpdir(), 'dfskit-without-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A mount that only the environment knows, of a directory that is not there. */
const point = join(base, 'nowhere');
const environment = { D_IL_MOUNT_POINT: point, D_IL_POOL: 'pool', D_IL_CONTAINER: 'cont' };

const shell = (text: string, env: NodeJS.ProcessEnv = {}) =>
  mounted.script('pil4dfs', text, { directory: '/', env: { ...environment, POINT: point, ...env } });

describe('a container that is not mounted, only named in the environment', () => {
  it('has files, directories and links', async () => {
    const text =
      'mkdir $POINT/d; echo text > $POINT/d/f; ln -s d/f $POINT/l; cat $POINT/l; cd $POINT/d; pwd; ls';
    expect(await shell(text)).toMatchObject({ status: 0, stdout: `text\n${point}/d\nf\n` });
  });

  it('has programs and scripts that run', async () => {
    const text = `cp /bin/echo $POINT/program; $POINT/program ran
printf '#!/bin/sh\\necho script $1\\n' > $POINT/script; chmod +x $POINT/script; $POINT/script ran
echo none > $POINT/data; $POINT/data || echo $?`;
    expect(await shell(text)).toMatchObject({ status: 0, stdout: 'ran\nscript ran\n126\n' });
  });

  it('does not write into a directory that stands for another container', async () => {
    const text = `mkdir $POINT/u; python3 -c "
import os
d = os.environ['POINT'] + '/u'
os.setxattr(d, 'user.daos', b'DAOS.POSIX://pool/other')
for f in (os.listdir, lambda d: open(d + '/f', 'w'), lambda d: os.mkdir(d + '/sub/'), os.stat):
    try: print(f(d))
    except OSError as e: print(e.errno)
"`;
    expect(await shell(text)).toMatchObject({ status: 0, stdout: '95\n95\n95\n95\n' });
  });

  it('maps files privately, and says ENODEV for a shared mapping', async () => {
    const text = `echo text > $POINT/m; python3 -c "
import mmap, os
f = os.open(os.environ['POINT'] + '/m', os.O_RDWR)
m = mmap.mmap(f, 0, flags=mmap.MAP_PRIVATE)
m[0:1] = b'T'
print(m[:], os.pread(f, 9, 0))
try: mmap.mmap(f, 0)
except OSError as e: print(e.errno)
"`;
    expect(await shell(text)).toMatchObject({ status: 0, stdout: "b'Text\\n' b'text\\n'\n19\n" });
  });
});

describe.each<[string, NodeJS.ProcessEnv]>([
  ['without the provider', { DFSKIT_PROVIDER_LIB: '/nonexistent.so' }],
  ['without a store', { DFSKIT_STORE: '/nonexistent' }],
])('%s', (_, env) => {
  it('programs run on, and get an errno where they need it', async () => {
    const { status, stdout, stderr } = await shell('echo text > $POINT/f || echo $?; echo other', env);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1\nother\n' });
    expect(stderr).toMatch(/Transport endpoint is not connected/);
  });

  it('nothing is written to what lies under the mount point', async () => {
    const { stdout } = await shell(
      'mkdir -p $POINT/d || echo $?; cd $POINT || echo $?; echo > $POINT/f || echo $?',
      env,
    );
    expect(stdout).toBe('1\n1\n1\n');
  });

  it('a mount is reached through the kernel', async () => {
    const text = `cd ${mounted.mountPoint}; echo text > f; cat f; rm f; ls | wc -l`;
    const outcome = await mounted.script('pil4dfs', text, {
      directory: '/',
      env: { DFSKIT_PROVIDER_LIB: '/nonexistent.so' },
    });
    expect(outcome.status).toBe(0);
    expect(outcome.stdout).toMatch(/^text\n/);
  });
});

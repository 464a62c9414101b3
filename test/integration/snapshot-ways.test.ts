import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSnapshot, destroySnapshot } from '../../src/dfs/index.js';
import { ways, useMountedContainer } from '../support/mounted.js';
import { canMount } from '../support/mounts.js';

/** Changes that a snapshot refuses, as programs make them. */
const refused: Record<string, string> = {
  'writing a file': 'echo x > $old/file',
  'appending to a file': 'echo x >> $old/file',
  'cutting a file': 'truncate -s 1 $old/file',
  'creating a file': 'touch $old/new',
  'removing a file': 'rm -f $old/file',
  'removing a directory': 'rmdir $old/dir/empty',
  'making a directory': 'mkdir $old/made',
  'renaming a file': 'mv $old/file $old/moved',
  'linking symbolically': 'ln -s x $old/l',
  'changing a mode': 'chmod 600 $old/file',
  'changing times': 'touch -d @1 $old/file',
  'setting an attribute': 'setfattr -n user.x -v 2 $old/file',
};

describe.runIf(canMount()).each(ways)('.snapshot by %s', (way) => {
  const mounted = useMountedContainer();

  it('shows what was, refuses changes, and is copied back', { timeout: 180_000 }, async () => {
    process.env['DFSKIT_STORE'] = mounted.store;
    const work = join(mounted.mountPoint, 'work');
    mkdirSync(join(work, 'dir/empty'), { recursive: true });
    const script = (text: string): ReturnType<typeof mounted.script> =>
      mounted.script(way, text, {
        directory: work,
        env: { old: join(mounted.mountPoint, '.snapshot/s/work') },
      });
    const good = async (text: string): Promise<string> => {
      const { status, stdout, stderr } = await script(text);
      expect({ status, stderr }, text).toEqual({ status: 0, stderr: '' });
      return stdout;
    };

    await good(`printf 'old%.0s' {1..50000} > file; ln file dir/hard; ln -s ../file dir/link
      setfattr -n user.x -v 1 file; chmod 751 file; touch -d @1000000000.5 file dir/hard
      truncate -s 1M sparse; printf end >> sparse`);
    const before = await good(
      'find . -printf "%P %y %m %s %T@ %l\\n" | sort; find . -type f -exec md5sum {} + | sort',
    );
    await createSnapshot(mounted.container, 's');
    await good('echo new > file; rm dir/hard dir/link; mkdir later; chmod 600 sparse; ls -A .. > /dev/null');

    expect(await good('ls -A ..')).toBe('work\n');
    expect(await good('ls ../.snapshot')).toBe('s\n');
    const looked = 'find . -printf "%P %y %m %s %T@ %l\\n" | sort; find . -type f -exec md5sum {} + | sort';
    expect(await good(`cd $old; ${looked}`)).toBe(before);
    expect(await good('getfattr -n user.x --only-values --absolute-names $old/file')).toBe('1');
    expect(
      await good('head -c 6 $old/dir/hard; tail -c 3 < $old/sparse; cd $old/dir; cat link | head -c 3'),
    ).toBe('oldoldendold');
    expect(
      await good(`python3 -c 'import mmap, os, sys
fd = os.open(os.environ["old"] + "/file", os.O_RDONLY)
print(mmap.mmap(fd, 0, prot=mmap.PROT_READ)[3:9])'`),
    ).toBe("b'oldold'\n");

    for (const [what, change] of Object.entries(refused)) {
      const { status, stderr } = await script(change);
      expect({ status, stderr }, what).toMatchObject({
        status: expect.not.stringMatching(/^0$/) as number,
        stderr: expect.stringContaining('Read-only file system') as string,
      });
    }
    expect((await script('ln $old/file out')).stderr).toMatch(/cross-device/i);

    expect(await good(`cp -a $old ../back; cd ../back; ${looked}`)).toBe(before);
    expect(
      await good('cmp $old/file ../back/file; cp -a $old/file file; cmp file $old/file; echo same'),
    ).toBe('same\n');
    expect(lstatSync(join(mounted.mountPoint, 'back/file')).nlink).toBe(2);

    // A directory and a file that are held do not hold a snapshot that is destroyed.
    const held = mounted.script(
      way,
      `exec 3< $old/file; cd $old/dir; echo > ${mounted.home}/holds
       until [ -e ${mounted.home}/gone ]; do sleep 0.02; done
       ! ls ${mounted.mountPoint}/.snapshot/s 2>&1 && ls ${mounted.mountPoint}/.snapshot && ! cat < $old/file`,
      { env: { old: join(mounted.mountPoint, '.snapshot/s/work') }, directory: work },
    );
    await expect
      .poll(
        () => {
          try {
            return readFileSync(join(mounted.home, 'holds'), 'utf8');
          } catch {
            return '';
          }
        },
        { timeout: 10_000 },
      )
      .toBe('\n');
    await destroySnapshot(mounted.container, 's');
    writeFileSync(join(mounted.home, 'gone'), '');
    const { status, stdout, stderr } = await held;
    expect({ status, stdout, stderr }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/No such file/) as string,
    });
    expect(await good('ls ../.snapshot')).toBe('');
  });
});

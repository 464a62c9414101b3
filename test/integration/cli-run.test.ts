import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libPath } from '../../src/paths.js';
import { dfskit, dfskitCommand, execute, temporaryDirectory } from '../support/cli.js';

const scratch = temporaryDirectory();
afterAll(scratch.remove);

/** `dfskit run` without a shim, so that only the launch is looked at. */
const run = ['run', '--flavor', 'dfuse', '--'];
const sh = (script: string, ...args: string[]): string[] => [...run, 'sh', '-c', script, 'sh', ...args];

describe('dfskit run', () => {
  it('becomes the program: same pid, its exit status', async () => {
    const result = await dfskit(sh('echo $$; exit 7'));
    expect(result).toMatchObject({ status: 7, stdout: `${result.pid}\n`, stderr: '' });
  });

  it('ends by the signal that the program ends by', async () => {
    expect(await dfskit(sh('kill -TERM $$'))).toMatchObject({ status: null, signal: 'SIGTERM' });
  });

  it('hands standard input on untouched', async () => {
    const input = 'x'.repeat(300_000);
    expect((await dfskit([...run, 'cat'], { input })).stdout).toBe(input);
  });

  it('leaves options of the program alone', async () => {
    expect((await dfskit(['run', '--flavor', 'dfuse', 'printf', '%s|', '--help', '--', '-x'])).stdout).toBe(
      '--help|--|-x|',
    );
  });

  it('hands on arguments and variables that are no UTF-8', async () => {
    const inner = `${dfskitCommand} run --flavor dfuse sh -c 'printf "%s%s" "$1" "$V" | od -An -tx1' sh "$(printf '\\377\\376')"`;
    const result = await execute('sh', ['-c', `V=$(printf '\\200') ${inner}`]);
    expect(result.stdout.trim()).toBe('ff fe 80');
  });

  it('hands on the descriptors that it was given and none of its own', async () => {
    const list =
      "ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/' | grep -v -e pipe -e socket -e /proc/";
    const command = (words: string): string =>
      `exec 7</etc/passwd 9<>/dev/null 4<&-; exec ${words} sh -c "${list}"`;
    const plain = await execute('sh', ['-c', command('')]);
    expect(plain.stdout).toContain('7 -> /etc/passwd\n');
    expect((await execute('sh', ['-c', command(`${dfskitCommand} run --flavor dfuse`)])).stdout).toBe(
      plain.stdout,
    );
  });

  it('leaves standard streams closed that were closed', async () => {
    const list = 'for fd in 0 1 2 3; do [ -e /proc/$$/fd/$fd ] && echo $fd >&2; done';
    const ours = await execute('sh', [
      '-c',
      `exec ${dfskitCommand} run --flavor dfuse sh -c '${list}' <&- >&-`,
    ]);
    expect(ours.stderr).toBe('2\n');
  });

  it('leaves blocking descriptors blocking', async () => {
    const flags = 'for fd in 0 1 2; do grep flags /proc/$$/fdinfo/$fd; done';
    expect((await dfskit(sh(flags))).stdout).toBe((await execute('sh', ['-c', flags])).stdout);
  });

  it('keeps ignored signals ignored, the others at their defaults, and the limit on files', async () => {
    const show = 'grep -E "^Sig(Ign|Blk|Cgt)" /proc/self/status; ulimit -Sn';
    const setup = "trap '' HUP USR1; ulimit -Sn 256;";
    const plain = await execute('sh', ['-c', `${setup} sh -c '${show}'`]);
    const ours = await execute('sh', [
      '-c',
      `${setup} exec ${dfskitCommand} run --flavor dfuse sh -c '${show}'`,
    ]);
    expect(ours.stdout).toBe(plain.stdout);
  });

  it('puts the shim in front of LD_PRELOAD and sets nothing else', async () => {
    const { stdout } = await dfskit(
      ['run', '--flavor', 'pil4dfs', 'sh', '-c', 'echo "$LD_PRELOAD|$DFSKIT_LAUNCH|$D_IL_REPORT"'],
      {
        env: { LD_PRELOAD: '/lib/x86_64-linux-gnu/libdl.so.2', D_IL_REPORT: '' },
      },
    );
    expect(stdout).toBe(`${libPath('libpil4dfs.so')}:/lib/x86_64-linux-gnu/libdl.so.2||\n`);
  });

  it('counts into the file of --report, from any directory', async () => {
    const { stdout, status } = await dfskit(
      ['run', '--flavor', 'dfuse', '--report', 'r.dat', 'sh', '-c', 'echo $DFSKIT_REPORT'],
      {
        cwd: scratch.path,
      },
    );
    expect({ stdout, status }).toEqual({ stdout: `${join(scratch.path, 'r.dat')}\n`, status: 0 });
  });

  it('is stopped by a signal like the program itself', async () => {
    const child = spawn(dfskitCommand, sh('trap "exit 3" INT; echo ready; while :; do sleep 0.05; done'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(3);
  });
});

describe('dfskit run fails', () => {
  beforeAll(() => {
    writeFileSync(join(scratch.path, 'no-program'), 'data');
    chmodSync(join(scratch.path, 'no-program'), 0o644);
    mkdirSync(join(scratch.path, 'mnt'), { recursive: true });
  });

  it('with 127 when the program is not there', async () => {
    // A directory of PATH that we may not enter would make it 126, as with env(1).
    const PATH = `${dirname(process.execPath)}:/usr/bin:/bin`;
    expect(await dfskit([...run, 'no-such-program'], { env: { PATH } })).toMatchObject({
      status: 127,
      stderr: 'dfskit: cannot run no-such-program: no such program\ndfskit: is it in a directory of PATH?\n',
    });
  });

  it('with 126 when it cannot be run', async () => {
    expect(await dfskit([...run, join(scratch.path, 'no-program')])).toMatchObject({ status: 126 });
    expect(await dfskit([...run, scratch.path])).toMatchObject({ status: 126 });
  });

  it.each([
    [['run', '--flavor', 'nfs', 'true'], 'nfs'],
    [['run'], 'CMD'],
    [['run', '--cont', 'tank/c', 'true'], '--cont without --at'],
    [['run', '--at', '/tmp', 'true'], '--at without --cont'],
    [['run', '--cont', 'tank', '--at', '/tmp', 'true'], 'not of the form POOL/CONT'],
    [['run', '--cont', 'tank/c', '--at', '/no/such/place', 'true'], 'no such directory'],
    [['run', '--cont', 'tank/c', '--at', '/etc/passwd', 'true'], 'not a directory'],
    [['run', '--report', '/no/such/place/r', 'true'], 'cannot write the report'],
  ])('with 125 for %j', async (args, why) => {
    const result = await dfskit(args);
    expect(result.status).toBe(125);
    expect(result.stderr).toContain(why);
    expect(result.stderr).toMatch(/^dfskit: .*: .*/);
  });

  it('runs the program without a shim when the library is missing, and says so', async () => {
    // A copy of the command in a tree without build/.
    const tree = join(scratch.path, 'tree');
    const root = join(dfskitCommand, '../..');
    const copy = `mkdir -p ${tree}/scripts ${tree}/build/lib && cp ${root}/scripts/dfskit.sh ${tree}/scripts/ && cp -r ${root}/dist ${root}/package.json ${tree}/ && ln -s ${root}/node_modules ${tree}/ && cp ${root}/build/lib/dfskit.node ${tree}/build/lib/`;
    expect(await execute('sh', ['-c', copy])).toMatchObject({ status: 0 });
    const result = await execute(
      join(tree, 'scripts/dfskit.sh'),
      ['run', 'sh', '-c', 'echo "ran $LD_PRELOAD"; exit 4'],
      {
        env: { LD_PRELOAD: '' },
      },
    );
    expect(result).toMatchObject({ status: 4, stdout: 'ran \n' });
    expect(result.stderr).toMatch(
      /^dfskit: warning: the program runs without interception: .*libpil4dfs.so is missing; build it: npm run setup\n$/,
    );
  });
});

describe('dfskit', () => {
  it('says that it knows no such command', async () => {
    expect(await dfskit(['frobnicate'])).toMatchObject({ status: 2 });
    expect(await dfskit(['compare', '--rounds', '3'])).toMatchObject({
      status: 2,
      stderr:
        "dfskit: cannot read the command line: unknown option '--rounds'\ndfskit: usage: dfskit compare [options]\n",
    });
    expect(await dfskit(['snapshot', 'list'])).toMatchObject({
      status: 2,
      stderr:
        "dfskit: cannot read the command line: missing required argument 'POOL/CONT'\ndfskit: usage: dfskit snapshot list [options] <POOL/CONT>\n",
    });
  });

  it('gives a job script its environment', async () => {
    const result = await execute('sh', ['-c', `eval "$(${dfskitCommand} env)" && echo $LD_PRELOAD`], {
      env: { LD_PRELOAD: '' },
    });
    expect(result.stdout).toBe(`${libPath('libpil4dfs.so')}\n`);
  });

  it('reads no counters from what is no counters file', async () => {
    const file = join(scratch.path, 'x');
    writeFileSync(file, 'hello');
    expect(await dfskit(['metrics', file])).toMatchObject({
      status: 1,
      stderr: `dfskit: cannot read counters from ${file}: not a counters file\ndfskit: name a file that was written by: dfskit run --report FILE\n`,
    });
  });

  it('lists the calls for a program to read', async () => {
    const { stdout } = await dfskit(['calls', '--json']);
    const calls = JSON.parse(stdout) as { name: string; pil4dfs: string }[];
    expect(calls.find(({ name }) => name === 'read')?.pil4dfs).toBe('take');
  });

  it('starts the wrapper through symbolic links', async () => {
    const link = join(scratch.path, 'link');
    const { symlinkSync } = await import('node:fs');
    symlinkSync(dfskitCommand, link);
    expect((await execute(link, ['--help'])).stdout).toContain('Usage: dfskit');
  });
});

it('the wrapper is the command that package.json names', () => {
  const { bin } = JSON.parse(readFileSync(join(dfskitCommand, '../../package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  expect(bin).toEqual({ dfskit: 'scripts/dfskit.sh' });
});

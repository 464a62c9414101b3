import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { program } from '../support/build.js';
import { useMountedContainer, ways } from '../support/mounted.js';

const mounted = useMountedContainer();

/** How long fio writes and verifies. */
const seconds = Number(process.env['DFSKIT_TEST_SECONDS'] ?? 60);

describe('under load', () => {
  it.skipIf(program('fio') === undefined).each(ways)(
    'fio finds what it wrote, 8 processes of 8 threads, through %s',
    async (way) => {
      // Each process has one file, whose eighths are its threads'. Without a `filesize`: with one, fio lets a thread
      // write up to the end of the file, over what another has to verify.
      const job = `
[global]
ioengine=psync
thread=1
numjobs=8
rw=randrw
bssplit=4k/70:64k/25:1m/5
size=4m
offset_increment=4m
verify=crc32c
verify_fatal=1
verify_backlog=64
time_based=1
runtime=${seconds}
group_reporting=1
[verify]
filename=\${FILE}
`;
      const directory = mounted.directory(way);
      const { status, stdout, stderr } = await mounted.script(
        way,
        `printf %s "$JOB" > "$DIR/job"
         for i in 1 2 3 4 5 6 7 8; do
           FILE=$DIR/f$i fio --output-format=terse --output="$DIR/out$i" "$DIR/job" & pids="\${pids:-} $!"
         done
         for pid in $pids; do wait $pid; done
         sed -n '/^3;/p' "$DIR"/out* | cut -d';' -f5 | tr '\\n' ' '`,
        { env: { JOB: job, DIR: directory }, seconds: seconds + 120 },
      );
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0 '.repeat(8), stderr: '' });
    },
  );

  it.runIf(process.getuid?.() === 0)(
    'dfuse keeps no memory of 100,000 files that the kernel has forgotten',
    async () => {
      const directory = mounted.directory('pil4dfs', 'many');
      const make = `
import os
for d in range(100):
    os.mkdir('%d' % d)
    for i in range(1000): os.close(os.open('%d/%d' % (d, i), os.O_CREAT | os.O_WRONLY))
`;
      const look = `
import os
for d in range(100):
    for i in range(1000): os.stat('%d/%d' % (d, i))
`;
      expect(
        await mounted.run('pil4dfs', 'python3', ['-c', make], { directory, seconds: 120 }),
      ).toMatchObject({
        status: 0,
      });
      /** Kilobytes of its own; the pages of the store, mapped from files, are the system's. */
      const resident = async (): Promise<number> => {
        for (let i = 0; i < 3; i++) {
          writeFileSync('/proc/sys/vm/drop_caches', '2');
          await sleep(500);
        }
        return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${mounted.daemon}/status`, 'utf8'))?.[1]);
      };
      const round = (): Promise<unknown> =>
        mounted.run('dfuse', 'python3', ['-c', look], { directory, seconds: 300 });
      await round(); // its threads have their stacks and buffers from now on
      const before = await resident();
      for (let i = 0; i < 3; i++) await round();
      expect(await resident()).toBeLessThan(before * 1.1);
    },
  );
});

import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** What a run did, without anything that depends on time. */
const summary = `python3 -c '
import json, sys
text = sys.stdin.read()
for job in json.loads(text[text.index("{"):])["jobs"]:
    print(job["jobname"], job["error"], [job[way]["io_bytes"] for way in ("read", "write")])'`;

const run = (options: string): string => `
      fio --output-format=json --name=job --size=1M --bs=4k --verify=crc32c --verify_fatal=1 --randseed=7 ${options} | ${summary}`;

describe('fio writes at random and verifies', () => {
  for (const engine of ['psync', 'pvsync2', 'libaio', 'io_uring', 'posixaio', 'mmap']) {
    const depth = /aio|uring/.test(engine) ? '--iodepth=8' : '';
    sameAsKernel(mounted, {
      name: `by ${engine}, with threads and processes`,
      needs: ['fio', 'python3'],
      repeatable: false,
      options: { seconds: 120 },
      script: `${run(`--ioengine=${engine} ${depth} --rw=randwrite --numjobs=2 --thread`)}
      ${run(`--ioengine=${engine} ${depth} --rw=randrw --numjobs=2 --fsync=64 --filename_format='p.$jobnum'`)}
      ls; wc -c * | tail -1`,
    });
  }
});

import { expect, it } from 'vitest';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

it.each(['ioil', 'pil4dfs'] as const)(
  'a program that is started with an empty environment has what the shim and libdaos need in it (%s)',
  async (way) => {
    const settings = { D_LOG_MASK: 'ERR', DAOS_AGENT_DRPC_DIR: '/nonexistent', DFSKIT_REPORT: '/dev/null' };
    const { stdout, status } = await mounted.script(way, 'env -i /usr/bin/env', {
      directory: '/',
      env: { ...settings, FOO: 'not ours' },
    });
    const seen: Record<string, unknown> = Object.fromEntries(
      stdout.split('\n').map((line) => line.split('=', 2) as [string, string]),
    );
    expect({ seen, status }).toMatchObject({ seen: settings, status: 0 });
    expect(seen).toHaveProperty('LD_PRELOAD');
    expect(seen).not.toHaveProperty('FOO');
  },
);

/** One variable that dfskit reads, or accepts because scripts written for DAOS set it. */
export interface Variable {
  name: string;
  /** What it takes, as a word or the words themselves. */
  values: string;
  default: string;
  meaning: string;
}

/** Our own variables. */
export const ownVariables: readonly Variable[] = [
  { name: 'DFSKIT_STORE',    values: 'directory', default: '$XDG_DATA_HOME/dfskit, else ~/.local/share/dfskit', meaning: 'Where the local provider keeps its pools.' },
  { name: 'DFSKIT_PROVIDER', values: 'local, daos', default: 'local', meaning: 'Which DFS library answers: the embedded one, or the libdfs.so of a DAOS installation.' },
  { name: 'DFSKIT_PROVIDER_LIB', values: 'file', default: 'unset', meaning: 'A library that is loaded instead of the one that DFSKIT_PROVIDER names.' },
  { name: 'DFSKIT_DAOS_PREFIX',  values: 'directory', default: 'unset', meaning: 'Where DAOS is installed: libdfs.so is looked for in its lib64/, otherwise where ld.so(8) looks.' },
  { name: 'DFSKIT_ATTACH',   values: 'all, symbols', default: 'all', meaning: 'What a shim takes: libc\'s exported calls and its own system calls, or the exported calls alone.' },
  { name: 'DFSKIT_REPORT',   values: 'file', default: 'none', meaning: 'Counters file that all processes of the job add to. Set by `dfskit run --report`; read it with `dfskit metrics`.' },
  { name: 'DFSKIT_FUSE_DEVICE', values: 'file', default: '/dev/fuse', meaning: 'Device that a mount needs; `dfskit` looks for it before it starts dfuse.' },
  { name: 'DFSKIT_DEBUG',    values: 'any', default: 'unset', meaning: 'Adds a stack trace to an internal error of the command.' },
  { name: 'DFSKIT_LAUNCH',   values: 'internal', default: 'unset', meaning: 'Signals and limits that `dfskit run` gives back to the program. Not for users.' },
];

/** Variables of DAOS's interception libraries. */
export const daosVariables: readonly Variable[] = [
  { name: 'D_IL_REPORT',      values: '1', default: 'unset', meaning: 'Prints a summary of what was intercepted on standard error when a process ends.' },
  { name: 'D_IL_MOUNT_POINT', values: 'directory', default: 'unset', meaning: 'Names a mount without dfuse, with D_IL_POOL and D_IL_CONTAINER.' },
  { name: 'D_IL_POOL',        values: 'pool', default: 'unset', meaning: 'Pool of D_IL_MOUNT_POINT.' },
  { name: 'D_IL_CONTAINER',   values: 'container', default: 'unset', meaning: 'Container of D_IL_MOUNT_POINT.' },
  { name: 'D_IL_BYPASS_LIST', values: 'program:program…', default: 'unset', meaning: 'Programs that the shim leaves alone.' },
  { name: 'D_IL_NO_BYPASS',   values: '1', default: 'unset', meaning: 'Accepted. Unnecessary: no program is left alone unless D_IL_BYPASS_LIST names it.' },
  { name: 'D_IL_COMPATIBLE',  values: '1', default: 'unset', meaning: 'Accepted. Unnecessary: descriptors are always real kernel descriptors here.' },
  { name: 'D_IL_MAX_EQ',      values: 'number', default: 'unset', meaning: 'Accepted; handed on to the daos provider, without meaning for the local one.' },
  { name: 'D_IL_DCACHE_REC_TIMEOUT', values: 'seconds', default: '60', meaning: 'How long a directory is remembered with a provider that does not say when one changes; 0 for not at all.' },
  { name: 'D_IL_DCACHE_GC_PERIOD',   values: 'seconds', default: 'unset', meaning: 'Accepted. Unnecessary: the cache is bounded and needs no cleaning.' },
  { name: 'D_IL_DCACHE_GC_RECLAIM_MAX', values: 'number', default: 'unset', meaning: 'Accepted. Unnecessary, as the one before.' },
  { name: 'D_IL_DCACHE_SIZE_BITS',   values: 'number', default: 'unset', meaning: 'Accepted. Unnecessary, as the one before.' },
];

/** The tables as the Markdown of docs/environment.md. */
export function environmentMarkdown(): string {
  const table = (variables: readonly Variable[]): string[] => [
    '| variable | values | default | meaning |',
    '|---|---|---|---|',
    ...variables.map((v) => `| \`${v.name}\` | ${v.values} | ${v.default} | ${v.meaning} |`),
  ];
  return [
    '# Environment variables',
    '',
    'Written from `src/environment.ts` by `npm run docs`.',
    '',
    '## dfskit',
    ...table(ownVariables),
    '',
    '## Known from DAOS',
    ...table(daosVariables),
    '',
  ].join('\n');
}

/** The tables for the help of `dfskit env`: one variable a paragraph. */
export function environmentText(): string {
  const width = Math.max(...[...ownVariables, ...daosVariables].map((v) => v.name.length)) + 2;
  return [...ownVariables, ...daosVariables]
    .filter((v) => v.values !== 'internal')
    .map((v) => `  ${v.name.padEnd(width)}${v.meaning} (${v.values}; default: ${v.default})`)
    .join('\n');
}

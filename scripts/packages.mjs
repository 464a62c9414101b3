// The Debian packages that the project needs. Plain node: runs before `npm ci`.
import { spawnSync } from 'node:child_process';

/** What the build and `dfskit` itself need. */
export const buildPackages = [
  'gcc',
  'g++',
  'make',
  'cmake',
  'pkg-config',
  'git', // the native parts
  'libfuse3-dev',
  'fuse3', // dfuse
  'liblmdb-dev', // the local provider
];

/** What the comparison runs besides our own driver. */
export const demoPackages = ['fio', 'hyperfine'];

/** Programs that the tests run under the shims, and what looks at them. */
export const testPackages = [
  'attr',
  'autoconf',
  'busybox-static',
  'bzip2',
  'cpio',
  'libeatmydata1', // preloads and allocators beside ours
  'libjemalloc2',
  'libtcmalloc-minimal4',
  'musl-tools', // a program with another libc
  'perl',
  'python3',
  'rsync',
  'sqlite3',
  'strace',
  'valgrind',
  'vim',
  'zip',
  'unzip',
  'clang-format',
  'clang-tidy',
];

/** What only the long tests run. */
export const longTestPackages = [
  'ffmpeg',
  'hdf5-tools',
  'imagemagick',
  'libhdf5-dev',
  'libmpich-dev',
  'libopenmpi-dev',
  'mpich',
  'ninja-build',
  'openmpi-bin',
  'postgresql',
  'python3-venv',
];

/**
 * Which of `names` are not installed, by one call of dpkg-query.
 * @returns the names in their order; `undefined` where there is no dpkg.
 */
export function missingPackages(names) {
  const { error, stdout } = spawnSync(
    'dpkg-query',
    ['-W', '-f', '${db:Status-Status} ${Package} ${Provides}\n', '*'],
    {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    },
  );
  if (error) return undefined;
  const installed = new Set();
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('installed ')) continue;
    for (const word of line.slice(10).split(/[\s,]+/)) installed.add(word);
  }
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs `names` where we may (root on Debian); says what to type where we may not.
 * @returns `undefined` when all is there, otherwise the remedy in one line.
 */
export function installPackages(names, say) {
  const missing = missingPackages(names);
  if (missing === undefined) {
    say(`no dpkg here: make sure that these are installed (Debian's names): ${names.join(' ')}`);
    return undefined;
  }
  if (missing.length === 0) return undefined;
  const line = `apt-get install --no-install-recommends -y ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) return `sudo ${line}`;
  say(`installing ${missing.join(' ')}`);
  const apt = (args) =>
    spawnSync('apt-get', ['-q', ...args], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt(['update']);
  const { status, stdout, stderr } = apt(['install', '--no-install-recommends', '-y', ...missing]);
  if (status === 0) return undefined;
  process.stderr.write(`${stdout}${stderr}`);
  return line;
}

/** Random programs of file calls, as text for the interpreter of test/support/fuzz. See fuzz.h for the language. */
import fc from 'fast-check';

/** What a way to the files can't be expected to do as the kernel does, so that its programs leave it out. */
export interface Limits {
  /** Most processes of a program. */
  workers: number;
  /** Calls at most. */
  length: number;
  /** Calls may reach the mount: what FUSE lacks or dfuse leaves out is not asked for. */
  fuse: boolean;
}

const number = (...values: number[]) => fc.constantFrom(...values.map(String));
const word = (...values: string[]) => fc.constantFrom(...values);
/** Flags of which each may be there. */
const flags = (base: readonly string[], ...more: string[]) =>
  fc
    .tuple(fc.constantFrom(...base), fc.subarray(more, { maxLength: 2 }))
    .map(([first, rest]) => [first, ...rest].join('|'));

/** Few places and names, so that calls meet. */
const place = number(0, 0, 0, 1, 1, 2, 3);
const name = word('a', 'a', 'b', 'b', 'c', 'd', 'd', 'e', 'l', 'm');
const path = fc.oneof(
  { weight: 12, arbitrary: name },
  { weight: 5, arbitrary: fc.tuple(word('d', 'd', 'e', 'l'), name).map((parts) => parts.join('/')) },
  {
    weight: 2,
    arbitrary: fc.tuple(word('%', '%/d', '@', '..', '.', 'd/e'), name).map((parts) => parts.join('/')),
  },
  {
    weight: 2,
    arbitrary: word(
      "''",
      '.',
      '..',
      '%',
      '@',
      'd/',
      'a/',
      'd/.',
      'd/..',
      'd/../a',
      './/a',
      'd//a',
      'l/',
      'l/../a',
      'e/../d/a',
      '%/../a',
      '%/./d/../b',
      'none/a',
      'a/b',
      '*255',
      '*256',
      'd/*255',
      'l/l/a',
      '@/../a',
    ),
  },
);
/** For calls on two names: which of them is too long is looked at in an order that only the kernel knows. */
const either = path.filter((text) => !text.includes('*256'));
const target = fc.oneof(
  path,
  word('a', 'd', '../a', '%/a', '%/d', '@', '@/a', 'l', 'm', '.', '..', 'none', '%/d/../a', 'd/'),
);
const dir = fc.oneof({ weight: 3, arbitrary: fc.constant('cwd') }, { weight: 2, arbitrary: place });
const size = number(0, 1, 5, 10, 100, 1000, 4095, 4096, 4097, 20000, 65536, 200000);
const offset = fc.oneof(
  { weight: 8, arbitrary: number(0, 0, 1, 3, 10, 100, 4095, 4096, 8192, 12288, 65536, 1048576) },
  { weight: 1, arbitrary: number(-1, -5, 4294967296) },
);
const seed = fc.integer({ min: 0, max: 99 }).map(String);
const mode = word('0644', '0644', '0600', '0755', '0', '0400', '07777', '01777');
const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_RDWR'];
const openFlags = fc.oneof(
  { weight: 5, arbitrary: flags(['O_RDWR|O_CREAT'], 'O_TRUNC', 'O_APPEND', 'O_EXCL', 'O_CLOEXEC') },
  {
    weight: 5,
    arbitrary: flags(
      access,
      'O_CREAT',
      'O_EXCL',
      'O_TRUNC',
      'O_APPEND',
      'O_CLOEXEC',
      'O_DIRECTORY',
      'O_NOFOLLOW',
      'O_NONBLOCK',
      'O_SYNC',
      'O_DSYNC',
    ),
  },
  { weight: 2, arbitrary: flags(['O_RDONLY|O_DIRECTORY'], 'O_CLOEXEC', 'O_NOFOLLOW') },
  { weight: 1, arbitrary: flags(['O_PATH'], 'O_DIRECTORY', 'O_NOFOLLOW', 'O_CLOEXEC') },
);
const tmpFlags = flags(
  ['O_TMPFILE|O_RDWR', 'O_TMPFILE|O_WRONLY', 'O_TMPFILE|O_RDONLY'],
  'O_EXCL',
  'O_CLOEXEC',
  'O_APPEND',
);
const resolve = word(
  '0',
  'RESOLVE_BENEATH',
  'RESOLVE_IN_ROOT',
  'RESOLVE_NO_SYMLINKS',
  'RESOLVE_NO_MAGICLINKS',
  'RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS',
);
const whence = word('SEEK_SET', 'SEEK_SET', 'SEEK_CUR', 'SEEK_END');
const page = number(0, 4096, 8192, 12288, 65536);
const lockRange = [
  word('F_RDLCK', 'F_WRLCK', 'F_UNLCK'),
  word('SEEK_SET', 'SEEK_CUR', 'SEEK_END'),
  number(0, 0, 10, 100),
  number(0, 0, 5, 50),
] as const;
const at = fc.oneof(fc.constant('at'), offset);
const kind = word('same', 'same', 'bare', 'static');
const stdioMode = word('r', 'w', 'a', 'r+', 'w+', 'a+', 'wx', 're');

type Word = fc.Arbitrary<string>;
type Form = readonly [weight: number, name: string, ...words: Word[]];

/** The calls, with how often each is made. */
const forms: readonly Form[] = [
  [14, 'open', place, path, openFlags, mode],
  [4, 'openat', place, dir, path, openFlags, mode],
  [2, 'openat2', place, dir, path, openFlags, word('0', '0644'), resolve],
  [2, 'open', place, word('.', 'd', '%'), tmpFlags, mode],
  [1, 'creat', place, path, mode],
  [2, 'reopen', place, place, openFlags, number(0, 1)],
  [4, 'close', place],
  [1, 'close_range', number(0, 3, 4, 5, 6), number(3, 4, 5, 9, 299), number(0, 0, 4)],
  [3, 'dup', place, place],
  [1, 'dup2', place, place, number(3, 5, 9, 0)],
  [1, 'dup2_over', place, place, place],
  [1, 'dup3', place, place, number(4, 7, 1), word('0', 'O_CLOEXEC', 'O_APPEND')],
  [1, 'dupfd', place, place, number(0, 5, 20), number(0, 1)],
  [1, 'getfl', place],
  [1, 'setfl', place, word('0', 'O_APPEND', 'O_NONBLOCK', 'O_APPEND|O_NONBLOCK')],
  [1, 'getfd', place],
  [1, 'setfd', place, number(0, 1)],
  [1, 'isatty', place],
  [1, 'fionread', place],
  [1, 'fioclex', place, number(0, 1)],
  [1, 'poll', place, word('POLLIN', 'POLLOUT', 'POLLIN|POLLOUT', 'POLLPRI')],
  [1, 'select', place],
  [1, 'epoll', place],
  [1, 'flock', place, word('LOCK_SH', 'LOCK_EX', 'LOCK_UN')],
  [2, 'setlk', place, ...lockRange],
  [1, 'getlk', place, ...lockRange],
  [1, 'ofd_setlk', place, ...lockRange],
  [1, 'ofd_getlk', place, ...lockRange],
  [1, 'lockf', place, word('F_LOCK', 'F_TLOCK', 'F_ULOCK', 'F_TEST'), number(0, 10, -5)],
  [2, 'send', number(0, 0, 1, 2), place],
  [2, 'receive', place],

  [7, 'read', place, size],
  [3, 'pread', place, size, offset],
  [1, 'readv', place, size],
  [1, 'preadv', place, size, offset],
  [1, 'preadv2', place, size, offset, word('0', '0', 'RWF_HIPRI', 'RWF_APPEND', '64')],
  [9, 'write', place, size, seed],
  [4, 'pwrite', place, size, seed, offset],
  [1, 'writev', place, size, seed],
  [1, 'pwritev', place, size, seed, offset],
  [1, 'pwritev2', place, size, seed, offset, word('0', 'RWF_DSYNC', 'RWF_SYNC', 'RWF_APPEND', '64')],
  [5, 'lseek', place, offset, whence],
  [2, 'lseek', place, page, word('SEEK_DATA', 'SEEK_HOLE')],
  [3, 'ftruncate', place, offset],
  [1, 'truncate', path, offset],
  [
    2,
    'fallocate',
    place,
    word('0', 'FALLOC_FL_KEEP_SIZE', 'FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE', 'FALLOC_FL_PUNCH_HOLE'),
    page,
    page,
  ],
  [1, 'posix_fallocate', place, offset, size],
  [1, 'fsync', place],
  [1, 'fdatasync', place],
  [1, 'syncfs', place],
  [1, 'sync_file_range', place, offset, size, number(0, 1, 2, 7, 8)],
  [1, 'fadvise', place, offset, size, number(0, 4, 3, 9)],
  [1, 'readahead', place, offset, size],
  [2, 'sendfile', place, fc.constant('at'), place, at, size],
  [2, 'copy_file_range', place, at, place, at, size],
  [1, 'splice', place, at, place, at, size],
  [1, 'tee', place, size],
  [1, 'ficlone', place, place],

  [4, 'mkdir', path, mode],
  [1, 'mkdirat', dir, path, mode],
  [1, 'mknod', path, mode],
  [2, 'rmdir', path],
  [3, 'unlink', path],
  [2, 'unlinkat', dir, path, word('0', '0', 'AT_REMOVEDIR', '1')],
  [1, 'remove', path],
  [4, 'rename', either, either],
  [
    2,
    'renameat2',
    dir,
    either,
    dir,
    either,
    word('0', 'RENAME_NOREPLACE', 'RENAME_EXCHANGE', 'RENAME_NOREPLACE|RENAME_EXCHANGE'),
  ],
  [2, 'link', either, either],
  [1, 'linkat', dir, either, dir, either, word('0', 'AT_SYMLINK_FOLLOW', 'AT_EMPTY_PATH', '1')],
  [2, 'link_fd', place, path, number(0, 1)],
  [3, 'symlink', target, path],
  [1, 'symlinkat', target, dir, path],
  [1, 'readlink', path],
  [1, 'readlinkat', dir, path],
  [1, 'realpath', path],
  [2, 'stat', path],
  [2, 'lstat', path],
  [2, 'fstat', place],
  [1, 'fstatat', dir, path, word('0', 'AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH', '1')],
  [
    1,
    'statx',
    dir,
    path,
    word('0', 'AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH'),
    word('STATX_BASIC_STATS', 'STATX_SIZE', 'STATX__RESERVED'),
  ],
  [1, 'same', path, path],
  [1, 'same_fd', place, path],
  [1, 'access', path, word('F_OK', 'R_OK', 'W_OK', 'X_OK', 'R_OK|W_OK', '16')],
  [
    1,
    'faccessat',
    dir,
    path,
    word('F_OK', 'R_OK', 'X_OK'),
    word('0', 'AT_EACCESS', 'AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH', '4'),
  ],
  [2, 'chmod', path, mode],
  [1, 'fchmod', place, mode],
  [1, 'fchmodat', dir, path, mode, word('0', 'AT_SYMLINK_NOFOLLOW')],
  [1, 'lchown', path, number(0, 5, -1), number(0, 7, -1)],
  [1, 'fchown', place, number(0, 5, -1), number(0, 7, -1)],
  [1, 'umask', word('0', '022', '077', '0777')],
  [
    1,
    'utimensat',
    dir,
    path,
    number(1, 1000, 123456),
    word('0', '5', 'UTIME_OMIT', '1000000000'),
    word('0', 'AT_SYMLINK_NOFOLLOW'),
  ],
  [1, 'futimens', place, number(1, 1000), word('0', '999999999', 'UTIME_OMIT')],
  [
    1,
    'setxattr',
    path,
    word('x', 'y', "''"),
    number(0, 1, 100, 2000),
    seed,
    word('0', 'XATTR_CREATE', 'XATTR_REPLACE', '4'),
  ],
  [
    1,
    'fsetxattr',
    place,
    word('x', 'y'),
    number(0, 1, 100, 2000),
    seed,
    word('0', 'XATTR_CREATE', 'XATTR_REPLACE'),
  ],
  [1, 'getxattr', path, word('x', 'y'), number(0, 1, 4096)],
  [1, 'fgetxattr', place, word('x', 'y')],
  [1, 'removexattr', path, word('x', 'y')],
  [1, 'listxattr', path],
  [1, 'flistxattr', place],

  [3, 'chdir', path],
  [1, 'fchdir', place],
  [2, 'getcwd', number(0, 0, 0, 2)],
  [2, 'ls', path],
  [1, 'getdents', place, number(100, 300, 4096)],
  [1, 'getdents_seek', place, number(300, 4096)],
  [1, 'empty', path],
  [1, 'opendir', place, path],
  [1, 'fdopendir', place, place],
  [1, 'readdir', place, fc.constant('0')],
  [1, 'rewinddir', place],
  [1, 'seekdir', place, number(0, 1, 2, 3, 5)],
  [1, 'closedir', place],
  [1, 'glob', path],
  [1, 'nftw', path, number(0, 1)],

  [
    3,
    'mmap',
    number(0, 1),
    place,
    page,
    number(100, 4096, 20000),
    word('PROT_READ', 'PROT_READ|PROT_WRITE', 'PROT_WRITE'),
    word('MAP_SHARED', 'MAP_SHARED', 'MAP_PRIVATE'),
  ],
  [3, 'mget', number(0, 1), number(0, 5, 4096), number(10, 4096)],
  [3, 'mput', number(0, 1), number(0, 5, 4096), number(10, 4096), seed],
  [1, 'msync', number(0, 1)],
  [1, 'munmap', number(0, 1)],

  [2, 'fopen', place, path, stdioMode],
  [1, 'fdopen', place, place, stdioMode],
  [1, 'freopen', place, path, stdioMode],
  [2, 'fread', place, size],
  [2, 'fwrite', place, size, seed],
  [1, 'fgets', place],
  [2, 'fprintf', place, seed],
  [2, 'fseek', place, offset, whence],
  [1, 'ftell', place],
  [1, 'fflush', place],
  [2, 'fclose', place],

  [1, 'aio_read', place, size, offset],
  [1, 'aio_write', place, size, seed, offset],
  [1, 'io_read', place, size, offset],
  [1, 'io_write', place, size, seed, offset],
  [1, 'ring_read', place, size, offset],
  [1, 'ring_write', place, size, seed, offset],
  [1, 'ring_open', place, path, openFlags, mode],
];

/** Calls that make and end processes: rarer, as each costs a thousand others. */
const processForms: readonly Form[] = [
  [2, 'fork', number(1, 2, 3)],
  [1, 'vfork', number(1, 2, 3), kind],
  [1, 'spawn', number(1, 2, 3), kind],
  [1, 'spawn', number(1, 2, 3), kind, place, number(5, 9)],
  [2, 'exec', kind],
  [2, 'exit'],
];

const callOf = ([weight, call, ...words]: Form) => ({
  weight,
  arbitrary: fc.tuple(...words).map((text) => [call, ...text].join(' ')),
});
const ordinary = fc.oneof(...forms.map(callOf));
const processes = fc.oneof(...processForms.map(callOf));

/** One program; its last call shows all that it left. */
export function programs(limits: Limits): fc.Arbitrary<string[]> {
  const worker = fc.oneof(
    { weight: 6, arbitrary: fc.constant('0') },
    {
      weight: limits.workers > 1 ? 3 : 0,
      arbitrary: number(1, 1, 2).map((n) => String(Number(n) % limits.workers)),
    },
    { weight: 1, arbitrary: fc.constant('0t') },
  );
  const made = ordinary.filter(
    (text) => !(limits.fuse ? /O_TMPFILE|chown .* -1 -1/ : /ring_open|openat2.*RESOLVE/).test(text),
  );
  const process = limits.fuse ? processes : processes.filter((text) => !text.includes('static'));
  const call = fc.oneof(
    { weight: 40, arbitrary: fc.tuple(worker, made) },
    { weight: limits.workers > 1 ? 1 : 0, arbitrary: fc.tuple(worker, process) },
  );
  return fc
    .array(
      call.map(([who, what]) => `${who} ${what}`),
      { minLength: 1, maxLength: limits.length, size: 'max' },
    )
    .map((calls) => {
      // Where a process holds record locks and another description of the file has to become real, the shim keeps a
      // number to itself: one or the other.
      const locks = /setlk|lockf/;
      const apart =
        calls.length % 2
          ? / (setlk|lockf) /
          : / (ofd_setlk|ofd_getlk|flock|splice|tee|mmap|send|io_|ring_)|static/;
      if (calls.some((text) => locks.test(text))) calls = calls.filter((text) => !apart.test(text));
      // What came over a socket is a descriptor of dfuse, which maps no file that is open for appending.
      const foreign = limits.fuse || calls.some((text) => text.includes(' send '));
      const appends = foreign && calls.some((text) => text.includes('O_APPEND'));
      if (foreign) calls = calls.filter((text) => !text.includes(' epoll '));
      return [...calls.filter((text) => !appends || !text.includes(' mmap ')), '0 tree'];
    });
}

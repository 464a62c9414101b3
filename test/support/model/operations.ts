import fc from 'fast-check';
import { constants } from 'node:fs';

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
// Which of two faults a call reports is nobody's promise: what can have two is left out (names that are too long
// stand alone), and so is what depends on the host's fs.protected_* settings.
const longest = 'n'.repeat(255);
const names = ['a', 'b', 'c', 'd', longest];
const tooLong = ['n'.repeat(256), `${'x/'.repeat(2100)}y`];
const users = [0, 1000, 1001];

/** Up to three names deep: most exist some of the time. */
const shortPath = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const path = fc.oneof({ weight: 40, arbitrary: shortPath }, fc.constantFrom(...tooLong));
const slot = fc.nat(7);
const mode = fc.constantFrom('0755', '0644', '0700', '0000', '0777', '01775', '0444');
const offset = fc.oneof(
  { weight: 12, arbitrary: fc.nat(20_000) },
  fc.constantFrom(4096, 8192, 65536, 2 ** 30, 2 ** 40),
  fc.constantFrom('0x0fffffffffff0000'), // near 2^60
);
const length = fc.oneof({ weight: 6, arbitrary: fc.nat(9000) }, fc.constantFrom(0, 1, 4096, 200_000));
const seed = fc.nat(1000);
const openFlags = fc.constantFrom(
  O_RDONLY,
  O_RDWR,
  O_RDWR | O_CREAT,
  O_RDWR | O_CREAT,
  O_RDWR | O_CREAT | O_EXCL,
  O_RDWR | O_CREAT | O_TRUNC,
  O_WRONLY,
  O_WRONLY | O_CREAT | O_TRUNC,
);
/** FALLOC_FL_*: allocate, keep size, punch, zero, collapse, insert. */
const fallocateMode = fc.constantFrom(0, 1, 3, 3, 16, 17, 8, 32);
const target = fc.constantFrom('a', 'b', 'a/b', '../a', '../b', './c', '..', 'missing', 'd/d', longest);
const attribute = fc.constantFrom('user.a', 'user.b', 'user.long');

const words = (verb: string, ...parts: fc.Arbitrary<string | number>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((values) => [verb, ...values].join(' '));

const anyOperation = fc.oneof(
  { weight: 8, arbitrary: words('open', slot, path, openFlags, mode) },
  { weight: 4, arbitrary: words('close', slot) },
  { weight: 5, arbitrary: words('write', slot, offset, length, seed) },
  { weight: 4, arbitrary: words('read', slot, offset, length) },
  { weight: 3, arbitrary: words('append', slot, length, seed) },
  { weight: 2, arbitrary: words('truncate', slot, offset) },
  {
    weight: 2,
    arbitrary: words('fallocate', slot, fallocateMode, fc.nat(40_000), fc.integer({ min: 1, max: 40_000 })),
  },
  { weight: 2, arbitrary: words('seek', slot, offset, fc.constantFrom(3, 4)) },
  { weight: 3, arbitrary: words('fstat', slot) },
  { weight: 1, arbitrary: words('fsync', slot) },
  { weight: 5, arbitrary: words('stat', path) },
  { weight: 2, arbitrary: words('follow', path) },
  { weight: 6, arbitrary: words('mkdir', path, mode) },
  { weight: 4, arbitrary: words('unlink', path) },
  { weight: 3, arbitrary: words('rmdir', path) },
  { weight: 6, arbitrary: words('rename', shortPath, shortPath, fc.constantFrom(0, 0, 0, 1, 2, 3)) },
  { weight: 3, arbitrary: words('become 0\nlink', shortPath, shortPath) },
  { weight: 3, arbitrary: words('symlink', target, path) },
  { weight: 2, arbitrary: words('readlink', path) },
  { weight: 4, arbitrary: words('list', fc.oneof(path, fc.constant('.'))) },
  { weight: 2, arbitrary: words('chmod', path, mode) },
  { weight: 1, arbitrary: words('chown', path, fc.constantFrom(...users), fc.constantFrom(...users)) },
  { weight: 2, arbitrary: words('become 0\nutimes', path, fc.nat(900_000_000), fc.nat(999_999_999)) },
  {
    weight: 2,
    arbitrary: words(
      'setxattr',
      path,
      attribute,
      fc.constantFrom('x', 'yy'.repeat(40)),
      fc.constantFrom(0, 1, 2),
    ),
  },
  { weight: 1, arbitrary: words('getxattr', path, attribute) },
  { weight: 1, arbitrary: words('removexattr', path, attribute) },
  { weight: 1, arbitrary: words('listxattr', path) },
  { weight: 1, arbitrary: words('become', fc.constantFrom(0, ...users)) },
);

/**
 * An operation of test/support/model/model.h as a line, or two. Who can't make the kernel's directory the root
 * (chroot(2)) asks for nothing above it.
 */
export const operation =
  process.getuid?.() === 0 ? anyOperation : anyOperation.filter((lines) => !lines.includes('..'));

/** Ends a sequence: nobody's, nothing open, and all that is there is looked at. */
export const conclusion: string[] = [
  'become 0',
  ...Array.from({ length: 8 }, (_, i) => `close ${i}`),
  ...['.', ...names].flatMap((dir) => [`list ${dir}`, `stat ${dir}`]),
  ...names.flatMap((dir) => names.map((entry) => `stat ${dir}/${entry}`)),
];

import { BOTH, OPEN, call, symbol, type CallRow } from './row.js';

const CLOSE = 'shim_fd_ours(fd) || shim_fd_protected(fd) || shim_fd_counts(fd)';
const NO_MODE = '!ENTRY_NEEDS_MODE(flags)';

/** Opening and closing. The mode argument is only there when O_CREAT or O_TMPFILE says so. */
export const open: readonly CallRow[] = [
  //       number name          signature                                                       operation                                                          taken
  call(    2,   'open',         'int (const char *path, int flags, mode_t mode)',               'op_openat(AT_FDCWD, path, flags, ENTRY_MODE(flags, mode))',        OPEN, { aliases: 'open64 __open __open64', unparks: true }),
  call(    257, 'openat',       'int (int dirfd, const char *path, int flags, mode_t mode)',    'op_openat(dirfd, path, flags, ENTRY_MODE(flags, mode))',           OPEN, { aliases: 'openat64', unparks: true }),
  symbol(       '__open_2',     'int (const char *path, int flags)',                            'op_openat(AT_FDCWD, path, flags, 0)',                              OPEN, { aliases: '__open64_2', only: NO_MODE, as: 'open' }),
  symbol(       '__openat_2',   'int (int dirfd, const char *path, int flags)',                 'op_openat(dirfd, path, flags, 0)',                                 OPEN, { aliases: '__openat64_2', only: NO_MODE, as: 'openat' }),
  call(    85,  'creat',        'int (const char *path, mode_t mode)',                          'op_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode)',    OPEN, { aliases: 'creat64', unparks: true }),
  call(    437, 'openat2',      'int (int dirfd, const char *path, const struct open_how *how, size_t size)', 'op_openat2(dirfd, path, how, size)',                 OPEN, { unparks: true }),
  call(    3,   'close',        'int (int fd)',                                                 'entry_close(fd)',                                                  BOTH, { aliases: '__close', closes: 'fd', test: CLOSE, uncounted: true }),
  call(    436, 'close_range',  'int (unsigned int first, unsigned int last, int flags)',       'op_close_range(first, last, (unsigned int)flags)',                 BOTH, { test: '1' }),
  symbol(       'closefrom',    'void (int lowfd)',                                             'op_close_range((unsigned int)(lowfd < 0 ? 0 : lowfd), ~0U, 0)',    BOTH, { test: '1' }),
];

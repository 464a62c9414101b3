import { BOTH, INNER, PIL, call, symbol, syscall, type CallRow } from './row.js';

/** Attributes of a file as a whole, access and file system. glibc before 2.33 exported the __x forms alone. */
export const stat: readonly CallRow[] = [
  //       number name           signature                                                                                operation                                                    taken
  call(    5,   'fstat',         'int (int fd, struct stat *st)',                                                         'op_fstat(fd, st)',                                          BOTH, { aliases: 'fstat64' }),
  call(    4,   'stat',          'int (const char *path, struct stat *st)',                                               'op_newfstatat(AT_FDCWD, path, st, 0)',                      PIL,  { aliases: 'stat64' }),
  call(    6,   'lstat',         'int (const char *path, struct stat *st)',                                               'op_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW)',    PIL,  { aliases: 'lstat64' }),
  call(    262, 'fstatat',       'int (int dirfd, const char *path, struct stat *st, int flags)',                         'entry_fstatat(dirfd, path, st, flags)',                     BOTH, { aliases: 'fstatat64' }),
  symbol(       '__fxstat',      'int (int version, int fd, struct stat *st)',                                            'op_fstat(fd, st)',                                          BOTH, { aliases: '__fxstat64', only: 'ENTRY_STAT_VERSION(version)', as: 'fstat' }),
  symbol(       '__xstat',       'int (int version, const char *path, struct stat *st)',                                  'op_newfstatat(AT_FDCWD, path, st, 0)',                      PIL,  { aliases: '__xstat64', only: 'ENTRY_STAT_VERSION(version)', as: 'stat' }),
  symbol(       '__lxstat',      'int (int version, const char *path, struct stat *st)',                                  'op_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW)',    PIL,  { aliases: '__lxstat64', only: 'ENTRY_STAT_VERSION(version)', as: 'lstat' }),
  symbol(       '__fxstatat',    'int (int version, int dirfd, const char *path, struct stat *st, int flags)',            'entry_fstatat(dirfd, path, st, flags)',                     BOTH, { aliases: '__fxstatat64', only: 'ENTRY_STAT_VERSION(version)', as: 'fstatat' }),
  call(    332, 'statx',         'int (int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx)',    'op_statx(dirfd, path, flags, mask, stx)',                   BOTH),
  call(    21,  'access',        'int (const char *path, int mode)',                                                      'op_faccessat2(AT_FDCWD, path, mode, 0)',                    PIL),
  symbol(       'euidaccess',    'int (const char *path, int mode)',                                                      'op_faccessat2(AT_FDCWD, path, mode, AT_EACCESS)',           PIL,  { aliases: 'eaccess' }),
  symbol(       'faccessat',     'int (int dirfd, const char *path, int mode, int flags)',                                'op_faccessat2(dirfd, path, mode, flags)',                   PIL),
  syscall( 269, 'faccessat',     'long (int dirfd, const char *path, int mode)',                                          'op_faccessat2(dirfd, path, mode, 0)',                       PIL),
  syscall( 439, 'faccessat2',    'long (int dirfd, const char *path, int mode, int flags)',                               'op_faccessat2(dirfd, path, mode, flags)',                   PIL),
  call(    137, 'statfs',        'int (const char *path, struct statfs *st)',                                             'op_statfs(path, st)',                                       PIL,  { aliases: 'statfs64 __statfs' }),
  call(    138, 'fstatfs',       'int (int fd, struct statfs *st)',                                                       'op_fstatfs(fd, st)',                                        PIL,  { aliases: 'fstatfs64 __fstatfs' }),
  symbol(       'statvfs',       'int (const char *path, void *st)',                                                      '',                                                          INNER, { aliases: 'statvfs64' }),
  symbol(       'fstatvfs',      'int (int fd, void *st)',                                                                '',                                                          INNER, { aliases: 'fstatvfs64' }),
];

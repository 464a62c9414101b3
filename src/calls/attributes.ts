import { PIL, call, symbol, syscall, type CallRow } from './row.js';

const AT_NOFOLLOW = 'AT_SYMLINK_NOFOLLOW';

/** Mode, owner, times and extended attributes. A null pointer for the times means now. */
export const attributes: readonly CallRow[] = [
  //       number name            signature                                                                                    operation                                                   taken
  call(    90,  'chmod',          'int (const char *path, mode_t mode)',                                                       'op_fchmodat2(AT_FDCWD, path, mode, 0)',                    PIL),
  symbol(       'lchmod',         'int (const char *path, mode_t mode)',                                                       `op_fchmodat2(AT_FDCWD, path, mode, ${AT_NOFOLLOW})`,       PIL),
  call(    91,  'fchmod',         'int (int fd, mode_t mode)',                                                                 'op_fchmod(fd, mode)',                                      PIL),
  symbol(       'fchmodat',       'int (int dirfd, const char *path, mode_t mode, int flags)',                                 'op_fchmodat2(dirfd, path, mode, flags)',                   PIL),
  syscall( 268, 'fchmodat',       'long (int dirfd, const char *path, mode_t mode)',                                           'op_fchmodat2(dirfd, path, mode, 0)',                       PIL),
  syscall( 452, 'fchmodat2',      'long (int dirfd, const char *path, mode_t mode, int flags)',                                'op_fchmodat2(dirfd, path, mode, flags)',                   PIL),
  call(    92,  'chown',          'int (const char *path, uid_t owner, gid_t group)',                                          'op_fchownat(AT_FDCWD, path, owner, group, 0)',             PIL),
  call(    94,  'lchown',         'int (const char *path, uid_t owner, gid_t group)',                                          `op_fchownat(AT_FDCWD, path, owner, group, ${AT_NOFOLLOW})`, PIL),
  call(    93,  'fchown',         'int (int fd, uid_t owner, gid_t group)',                                                    'op_fchown(fd, owner, group)',                              PIL),
  call(    260, 'fchownat',       'int (int dirfd, const char *path, uid_t owner, gid_t group, int flags)',                    'op_fchownat(dirfd, path, owner, group, flags)',            PIL),

  symbol(       'utimensat',      'int (int dirfd, const char *path, const struct timespec *times, int flags)',                'entry_utimensat(dirfd, path, times, flags)',               PIL),
  syscall( 280, 'utimensat',      'long (int dirfd, const char *path, const struct timespec *times, int flags)',               'op_utimensat(dirfd, path, times, flags)',                  PIL),
  symbol(       'futimens',       'int (int fd, const struct timespec *times)',                                                'op_utimensat(fd, NULL, times, 0)',                         PIL),
  call(    132, 'utime',          'int (const char *path, const struct utimbuf *times)',                                       'entry_utime(path, times)',                                 PIL),
  call(    235, 'utimes',         'int (const char *path, const struct timeval *times)',                                       'entry_utimes(AT_FDCWD, path, times, 0)',                   PIL),
  symbol(       'lutimes',        'int (const char *path, const struct timeval *times)',                                       `entry_utimes(AT_FDCWD, path, times, ${AT_NOFOLLOW})`,      PIL),
  symbol(       'futimes',        'int (int fd, const struct timeval *times)',                                                 'entry_utimes(fd, NULL, times, 0)',                         PIL),
  call(    261, 'futimesat',      'int (int dirfd, const char *path, const struct timeval *times)',                            'entry_utimes(dirfd, path, times, 0)',                      PIL),

  call(    191, 'getxattr',       'ssize_t (const char *path, const char *name, void *value, size_t size)',                    'op_getxattr(path, name, value, size, true)',               PIL),
  call(    192, 'lgetxattr',      'ssize_t (const char *path, const char *name, void *value, size_t size)',                    'op_getxattr(path, name, value, size, false)',              PIL),
  call(    193, 'fgetxattr',      'ssize_t (int fd, const char *name, void *value, size_t size)',                              'op_fgetxattr(fd, name, value, size)',                      PIL),
  call(    188, 'setxattr',       'int (const char *path, const char *name, const void *value, size_t size, int flags)',       'op_setxattr(path, name, value, size, flags, true)',        PIL),
  call(    189, 'lsetxattr',      'int (const char *path, const char *name, const void *value, size_t size, int flags)',       'op_setxattr(path, name, value, size, flags, false)',       PIL),
  call(    190, 'fsetxattr',      'int (int fd, const char *name, const void *value, size_t size, int flags)',                 'op_fsetxattr(fd, name, value, size, flags)',               PIL),
  call(    194, 'listxattr',      'ssize_t (const char *path, char *list, size_t size)',                                       'op_listxattr(path, list, size, true)',                     PIL),
  call(    195, 'llistxattr',     'ssize_t (const char *path, char *list, size_t size)',                                       'op_listxattr(path, list, size, false)',                    PIL),
  call(    196, 'flistxattr',     'ssize_t (int fd, char *list, size_t size)',                                                 'op_flistxattr(fd, list, size)',                            PIL),
  call(    197, 'removexattr',    'int (const char *path, const char *name)',                                                  'op_removexattr(path, name, true)',                         PIL),
  call(    198, 'lremovexattr',   'int (const char *path, const char *name)',                                                  'op_removexattr(path, name, false)',                        PIL),
  call(    199, 'fremovexattr',   'int (int fd, const char *name)',                                                            'op_fremovexattr(fd, name)',                                PIL),
];

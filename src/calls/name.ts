import { PIL, call, symbol, type CallRow } from './row.js';

/** Names: making, removing, moving and linking. */
export const name: readonly CallRow[] = [
  //       number name              signature                                                                           operation                                                       taken
  call(    83,  'mkdir',            'int (const char *path, mode_t mode)',                                              'op_mkdirat(AT_FDCWD, path, mode)',                             PIL),
  call(    258, 'mkdirat',          'int (int dirfd, const char *path, mode_t mode)',                                   'op_mkdirat(dirfd, path, mode)',                                PIL),
  call(    133, 'mknod',            'int (const char *path, mode_t mode, dev_t dev)',                                   'op_mknodat(AT_FDCWD, path, mode, dev)',                        PIL),
  call(    259, 'mknodat',          'int (int dirfd, const char *path, mode_t mode, dev_t dev)',                        'op_mknodat(dirfd, path, mode, dev)',                           PIL),
  symbol(       'mkfifo',           'int (const char *path, mode_t mode)',                                              'op_mknodat(AT_FDCWD, path, S_IFIFO | (mode & 07777), 0)',      PIL, { as: 'mknod' }),
  symbol(       'mkfifoat',         'int (int dirfd, const char *path, mode_t mode)',                                   'op_mknodat(dirfd, path, S_IFIFO | (mode & 07777), 0)',         PIL, { as: 'mknodat' }),
  symbol(       '__xmknod',         'int (int version, const char *path, mode_t mode, dev_t *dev)',                     'op_mknodat(AT_FDCWD, path, mode, *dev)',                       PIL, { only: 'version == 0', as: 'mknod' }),
  symbol(       '__xmknodat',       'int (int version, int dirfd, const char *path, mode_t mode, dev_t *dev)',          'op_mknodat(dirfd, path, mode, *dev)',                          PIL, { only: 'version == 0', as: 'mknodat' }),
  call(    87,  'unlink',           'int (const char *path)',                                                           'op_unlinkat(AT_FDCWD, path, 0)',                               PIL),
  call(    263, 'unlinkat',         'int (int dirfd, const char *path, int flags)',                                     'op_unlinkat(dirfd, path, flags)',                              PIL),
  call(    84,  'rmdir',            'int (const char *path)',                                                           'op_unlinkat(AT_FDCWD, path, AT_REMOVEDIR)',                    PIL),
  symbol(       'remove',           'int (const char *path)',                                                           'entry_remove(path)',                                           PIL),
  call(    82,  'rename',           'int (const char *oldpath, const char *newpath)',                                   'op_renameat2(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0)',        PIL),
  call(    264, 'renameat',         'int (int olddirfd, const char *oldpath, int newdirfd, const char *newpath)',       'op_renameat2(olddirfd, oldpath, newdirfd, newpath, 0)',        PIL),
  call(    316, 'renameat2',        'int (int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)', 'op_renameat2(olddirfd, oldpath, newdirfd, newpath, flags)', PIL),
  call(    86,  'link',             'int (const char *oldpath, const char *newpath)',                                   'op_linkat(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0)',           PIL),
  call(    265, 'linkat',           'int (int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)', 'op_linkat(olddirfd, oldpath, newdirfd, newpath, flags)',  PIL),
  call(    88,  'symlink',          'int (const char *target, const char *newpath)',                                    'op_symlinkat(target, AT_FDCWD, newpath)',                      PIL),
  call(    266, 'symlinkat',        'int (const char *target, int newdirfd, const char *newpath)',                      'op_symlinkat(target, newdirfd, newpath)',                      PIL),
  call(    89,  'readlink',         'ssize_t (const char *path, char *buf, size_t size)',                               'op_readlinkat(AT_FDCWD, path, buf, size)',                     PIL),
  call(    267, 'readlinkat',       'ssize_t (int dirfd, const char *path, char *buf, size_t size)',                    'op_readlinkat(dirfd, path, buf, size)',                        PIL),
  symbol(       '__readlink_chk',   'ssize_t (const char *path, char *buf, size_t size, size_t buflen)',                'op_readlinkat(AT_FDCWD, path, buf, size)',                     PIL, { only: 'size <= buflen', as: 'readlink' }),
  symbol(       '__readlinkat_chk', 'ssize_t (int dirfd, const char *path, char *buf, size_t size, size_t buflen)',     'op_readlinkat(dirfd, path, buf, size)',                        PIL, { only: 'size <= buflen', as: 'readlinkat' }),

  call(    95,  'umask',          'mode_t (mode_t mask)', 'op_umask(mask)', PIL, { test: '1', note: 'names made in the process get the mode that the kernel would give them' }),
];

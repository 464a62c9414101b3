import { BOTH, INNER, PIL, REAL, call, symbol, syscall, type CallRow } from './row.js';

/** Duplicates, flags and locks. A duplicate's target may be ours when its source is not. */
export const descriptorCalls: readonly CallRow[] = [
  //       number name      signature                                                 operation                          taken
  call(    32,  'dup',      'int (int fd)',                                           'op_dup(fd)',                      BOTH, { unparks: true }),
  call(    33,  'dup2',     'int (int oldfd, int newfd)',                             'op_dup2(oldfd, newfd)',           BOTH, { aliases: '__dup2', closes: 'newfd' }),
  call(    292, 'dup3',     'int (int oldfd, int newfd, int flags)',                  'op_dup3(oldfd, newfd, flags)',    BOTH, { closes: 'newfd' }),
  call(    72,  'fcntl',    'int (int fd, int cmd, unsigned long arg)',               'op_fcntl(fd, cmd, arg)',          BOTH, { aliases: 'fcntl64 __fcntl', unparks: true }),
  call(    16,  'ioctl',    'int (int fd, unsigned long request, unsigned long arg)', 'op_ioctl(fd, request, arg)',      BOTH),
  call(    73,  'flock',    'int (int fd, int operation)',                            'op_flock(fd, operation)',         BOTH),
  call(    233, 'epoll_ctl', 'int (int epoll, int op, int fd, void *event)',           'op_epoll_ctl(epoll, op, fd, event)', BOTH),
  symbol(       'lockf',    'int (int fd, int command, off_t length)',                'entry_lockf(fd, command, length)', BOTH, { aliases: 'lockf64' }),

  symbol(       'isatty',   'int (int fd)',                                           'entry_isatty(fd)',                PIL,  { aliases: '__isatty', result: 'plain' }),
  symbol(       'tcgetattr', 'int (int fd, void *termios)',                           'op_ioctl(fd, TCGETS, (unsigned long)termios)', PIL),
  symbol(       'fdopen',   'void * (int fd, const char *mode)',                      '',                                INNER, { aliases: '_IO_fdopen', kept: true }),
  symbol(       'vdprintf', 'int (int fd, const char *format, va_list list)',         '',                                INNER),
  symbol(       '__vdprintf_chk', 'int (int fd, int flag, const char *format, va_list list)', '',                        INNER, { as: 'vdprintf' }),
  symbol(       'fpathconf', 'long (int fd, int name)',                               '',                                INNER),

  // The kernel itself works on the descriptor: it has to be a real one.
  call(    303, 'name_to_handle_at', 'int (int dirfd, const char *path, void *handle, int *mount_id, int flags)',         '', REAL),
  call(    304, 'open_by_handle_at', 'int (int fd, void *handle, int flags)',                                             '', REAL, { unparks: true }),
  call(    301, 'fanotify_mark',     'int (int fd, unsigned int flags, unsigned long mask, int dirfd, const char *path)', '', REAL),
  call(    428, 'open_tree',         'int (int dirfd, const char *path, unsigned int flags)',                             '', REAL, { unparks: true }),
  call(    429, 'move_mount',        'int (int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)', '', REAL),
  call(    433, 'fspick',            'int (int dirfd, const char *path, unsigned int flags)',                             '', REAL, { unparks: true }),
  call(    442, 'mount_setattr',     'int (int dirfd, const char *path, unsigned int flags, void *attributes, size_t size)', '', REAL),
  syscall( 443, 'quotactl_fd',       'long (int fd, unsigned int command, unsigned int id, void *address)',               '', REAL),
  syscall( 451, 'cachestat',         'long (int fd, void *range, void *stat, unsigned int flags)',                        '', REAL),
  syscall( 313, 'finit_module',      'long (int fd, const char *arguments, int flags)',                                   '', REAL),
  syscall( 320, 'kexec_file_load',   'long (int kernel_fd, int initrd_fd, unsigned long length, const char *line, unsigned long flags)', '', REAL),
];

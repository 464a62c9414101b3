import { BOTH, call, symbol, type CallRow } from './row.js';

/** Duplicates, flags and locks. A duplicate's target may be ours when its source is not. */
export const descriptorCalls: readonly CallRow[] = [
  //       number name      signature                                                 operation                          taken
  call(    32,  'dup',      'int (int fd)',                                           'op_dup(fd)',                      BOTH),
  call(    33,  'dup2',     'int (int oldfd, int newfd)',                             'op_dup2(oldfd, newfd)',           BOTH, { aliases: '__dup2', closes: 'newfd' }),
  call(    292, 'dup3',     'int (int oldfd, int newfd, int flags)',                  'op_dup3(oldfd, newfd, flags)',    BOTH, { closes: 'newfd' }),
  call(    72,  'fcntl',    'int (int fd, int cmd, unsigned long arg)',               'op_fcntl(fd, cmd, arg)',          BOTH, { aliases: 'fcntl64 __fcntl' }),
  call(    16,  'ioctl',    'int (int fd, unsigned long request, unsigned long arg)', 'op_ioctl(fd, request, arg)',      BOTH),
  call(    73,  'flock',    'int (int fd, int operation)',                            'op_flock(fd, operation)',         BOTH),
  symbol(       'lockf',    'int (int fd, int command, off_t length)',                'entry_lockf(fd, command, length)', BOTH, { aliases: 'lockf64' }),
];

import { BOTH, REAL, RECEIVES, call, symbol, type CallRow } from './row.js';

const ALWAYS = { test: '1' } as const;
const EXECV = { test: '1', as: 'execve' } as const;
const SPAWN = { test: '1', result: 'plain', note: 'its child shares our memory: the descriptor table keeps its changes apart' } as const;
const RIGHTS = 'entry_materialise_rights(CALL_sendmsg, message)';

/** Programs and the descriptors that they hand on. execl, execle and execlp have a variable number of arguments:
 *  variadic.c gathers them. posix_spawn, system and popen exec inside libc, where that system call is routed; with
 *  symbols alone nothing of the shim runs in that child before its new program does. */
export const processCalls: readonly CallRow[] = [
  //       number name           signature                                                                                     operation                                              taken
  call(    59,  'execve',        'int (const char *path, char *const *argv, char *const *envp)',                               'op_execveat(AT_FDCWD, path, argv, envp, 0)',          BOTH, ALWAYS),
  call(    322, 'execveat',      'int (int dirfd, const char *path, char *const *argv, char *const *envp, int flags)',         'op_execveat(dirfd, path, argv, envp, flags)',         BOTH, ALWAYS),
  symbol(       'fexecve',       'int (int fd, char *const *argv, char *const *envp)',                                         'op_execveat(fd, "", argv, envp, AT_EMPTY_PATH)',      BOTH, EXECV),
  symbol(       'execv',         'int (const char *path, char *const *argv)',                                                  'op_execveat(AT_FDCWD, path, argv, environ, 0)',       BOTH, EXECV),
  symbol(       'execvp',        'int (const char *file, char *const *argv)',                                                  'shim_execvpe(file, argv, environ)',                   BOTH, EXECV),
  symbol(       'execvpe',       'int (const char *file, char *const *argv, char *const *envp)',                               'shim_execvpe(file, argv, envp)',                      BOTH, EXECV),
  symbol(       'vfork',         'int (void)',                                                                                 'fork()',                                              BOTH, { test: '1', result: 'plain', as: 'fork',
    note: 'a real fork: a child that shares the memory of its parent could not keep its own descriptor table' }),

  symbol(       'posix_spawn',   'int (void *pid, const char *file, const void *actions, const void *attr, char *const *argv, char *const *envp)', 'shim_posix_spawn(pid, file, actions, attr, argv, envp)',  BOTH, SPAWN),
  symbol(       'posix_spawnp',  'int (void *pid, const char *file, const void *actions, const void *attr, char *const *argv, char *const *envp)', 'shim_posix_spawnp(pid, file, actions, attr, argv, envp)', BOTH, SPAWN),
  symbol(       'pidfd_spawn',   'int (void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv, char *const *envp)', 'shim_pidfd_spawn(pidfd, file, actions, attr, argv, envp)',  BOTH, { ...SPAWN, as: 'posix_spawn' }),
  symbol(       'pidfd_spawnp',  'int (void *pidfd, const char *file, const void *actions, const void *attr, char *const *argv, char *const *envp)', 'shim_pidfd_spawnp(pidfd, file, actions, attr, argv, envp)', BOTH, { ...SPAWN, as: 'posix_spawnp' }),
  symbol(       'popen',         'void * (const char *command, const char *type)',                                            'shim_popen(command, type)',                           BOTH, SPAWN),
  symbol(       'system',        'int (const char *command)',                                                                  'shim_system(command)',                                BOTH, SPAWN),
  symbol(       'wordexp',       'int (const char *words, void *result, int flags)',                                           'shim_wordexp(words, result, flags)',                  BOTH, SPAWN),

  call(    46,  'sendmsg',       'ssize_t (int fd, const struct msghdr *message, int flags)',                                  '',                                                    REAL, { first: RIGHTS, routed: false }),
  call(    307, 'sendmmsg',      'int (int fd, struct mmsghdr *messages, unsigned int count, int flags)',                      '',                                                    REAL, { first: 'entry_materialise_rights_of(CALL_sendmsg, messages, count)', routed: false, as: 'sendmsg' }),
  symbol(       'recvmsg',       'ssize_t (int socket, struct msghdr *message, int flags)',                                    'entry_received(message)',                             RECEIVES),
  symbol(       'recvmmsg',      'int (int socket, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout)', 'entry_received_of(messages, result)',          RECEIVES, { as: 'recvmsg' }),
];

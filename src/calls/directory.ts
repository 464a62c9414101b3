import { INNER, PIL, call, symbol, syscall, type CallRow } from './row.js';

const STREAM = { test: '1', result: 'plain', as: 'getdents64', note: 'counted as getdents64, a batch at a time' } as const;

/** Reading directories and the working directory. libc's DIR lives on a real descriptor, so opendir() and what libc
 *  builds on it needs no row: its system calls are routed. The old getdents has another record layout, which no libc
 *  of this architecture uses. */
export const directory: readonly CallRow[] = [
  //       number name                      signature                                            operation                        taken
  call(    217, 'getdents64',               'ssize_t (int fd, void *dirp, size_t count)',        'op_getdents64(fd, dirp, count)', PIL),
  syscall( 78,  'getdents',                 'long (int fd, void *dirp, size_t count)',           '',                              ['materialise', 'kernel']),
  symbol(       'getdirentries',            'ssize_t (int fd, char *buf, size_t size, off_t *base)', '',                          INNER, { aliases: 'getdirentries64' }),
  symbol(       'fdopendir',                'void * (int fd)',                                   '',                              INNER, { kept: true }),
  symbol(       'scandirat',                'int (int dirfd, const char *path, void *list, void *select, void *compare)', '',     INNER, { aliases: 'scandirat64' }),
  symbol(       'readdir',                  'void * (void *dir)',                                'shim_readdir(dir)',             PIL, { ...STREAM, aliases: 'readdir64' }),
  symbol(       'readdir_r',                'int (void *dir, void *room, void **result)',        'shim_readdir_r(dir, room, result)', PIL, { ...STREAM, aliases: 'readdir64_r' }),
  symbol(       'telldir',                  'long (void *dir)',                                  'shim_telldir(dir)',             PIL, STREAM),
  symbol(       'seekdir',                  'void (void *dir, long place)',                      'shim_seekdir(dir, place)',      PIL, STREAM),
  symbol(       'rewinddir',                'void (void *dir)',                                  'shim_rewinddir(dir)',           PIL, STREAM),
  symbol(       'closedir',                 'int (void *dir)',                                   'shim_closedir(dir)',            PIL, STREAM),
  call(    80,  'chdir',                    'int (const char *path)',                            'op_chdir(path)',                PIL, { test: '1' }),
  call(    81,  'fchdir',                   'int (int fd)',                                      'op_fchdir(fd)',                 PIL, { test: '1' }),
  symbol(       'getcwd',                   'char * (char *buf, size_t size)',                   'entry_getcwd(buf, size)',       PIL, { test: 'ENTRY_CWD_OURS()', result: 'plain' }),
  symbol(       '__getcwd_chk',             'char * (char *buf, size_t size, size_t buflen)',    'entry_getcwd(buf, size)',       PIL, { test: 'ENTRY_CWD_OURS()', result: 'plain', only: 'size <= buflen', as: 'getcwd' }),
  symbol(       'getwd',                    'char * (char *buf)',                                'entry_getwd(buf)',              PIL, { test: 'ENTRY_CWD_OURS()', result: 'plain', as: 'getcwd' }),
  symbol(       '__getwd_chk',              'char * (char *buf, size_t buflen)',                 'entry_getwd(buf)',              PIL, { test: 'ENTRY_CWD_OURS()', result: 'plain', only: 'buflen >= PATH_MAX', as: 'getcwd' }),
  symbol(       'get_current_dir_name',     'char * (void)',                                     'entry_getcwd(NULL, 0)',         PIL, { test: 'ENTRY_CWD_OURS()', result: 'plain', as: 'getcwd' }),
  syscall( 79,  'getcwd',                   'long (char *buf, size_t size)',                     'op_getcwd(buf, size)',          PIL, { test: 'ENTRY_CWD_OURS()' }),
];

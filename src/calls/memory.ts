import { BOTH, call, type CallRow } from './row.js';

/** Mappings. munmap, mremap and msync act on pages that are the kernel's already. */
export const memory: readonly CallRow[] = [
  //       number name           signature                                                                            operation                                        taken
  call(    9,   'mmap',          'void * (void *addr, size_t length, int prot, int flags, int fd, off_t offset)',     'op_mmap(addr, length, prot, flags, fd, offset)', BOTH, { aliases: 'mmap64', only: '!(flags & MAP_ANONYMOUS)' }),
];

import { BOTH, call, type CallRow } from './row.js';

/** libc unmaps nothing that a program has mapped, so its own calls are left alone. */
const MAPPED = {
  test: 'shim_mapped_ranges',
  routed: false,
  note: 'while a file of ours is mapped: direct reads and writes return with the last mapping',
} as const;

/** Mappings. msync and the others act on pages that are the kernel's already. */
export const memory: readonly CallRow[] = [
  //       number name           signature                                                                                        operation                                                            taken
  call(    9,   'mmap',          'void * (void *addr, size_t length, int prot, int flags, int fd, off_t offset)',                 'op_mmap(addr, length, prot, flags, fd, offset)',                    BOTH, { aliases: 'mmap64', only: '!(flags & MAP_ANONYMOUS)' }),
  call(   11,   'munmap',        'int (void *addr, size_t length)',                                                               'op_munmap(addr, length)',                                           BOTH, MAPPED),
  call(   25,   'mremap',        'void * (void *addr, size_t old_length, size_t new_length, int flags, void *new_addr)',          'op_mremap(addr, old_length, new_length, flags, new_addr)',          BOTH, MAPPED),
];

import { BOTH, INNER, REAL, symbol, syscall, type CallRow } from './row.js';

const AIO = { first: 'entry_materialise(CALL_aio, request->aio_fildes)', as: 'aio' } as const;

/** liburing makes its system calls by itself; its functions return a negative error number. */
const RING = { test: '1', result: 'plain', as: 'io_uring_setup' } as const;

/** Asynchronous requests. The kernel carries out those of libaio on its own descriptors; the threads behind libc's
 *  aio_* make system calls that are routed. The requests of an io_uring lie in shared memory and pass no entry point:
 *  in a process that has made a ring, descriptors of ours are real ones from then on (rings.c). */
export const asyncCalls: readonly CallRow[] = [
  //       number name                      signature                                                                  operation  taken
  symbol(       'io_submit',                'int (void *context, long count, struct iocb **requests)',                 '',        REAL,  { first: 'entry_materialise_iocbs(CALL_io_submit, count, requests)', result: 'plain' }),
  syscall( 209, 'io_submit',                'long (unsigned long context, long count, struct iocb **requests)',        '',        REAL,  { first: 'entry_materialise_iocbs(CALL_io_submit, count, requests)' }),
  symbol(       'aio_read',                 'int (struct aiocb *request)',                                             '',        INNER, { ...AIO, aliases: 'aio_read64' }),
  symbol(       'aio_write',                'int (struct aiocb *request)',                                             '',        INNER, { ...AIO, aliases: 'aio_write64' }),
  symbol(       'aio_fsync',                'int (int operation, struct aiocb *request)',                              '',        INNER, { ...AIO, aliases: 'aio_fsync64' }),
  symbol(       'lio_listio',               'int (int mode, struct aiocb *const *requests, int count, struct sigevent *event)', '', INNER, { first: 'entry_materialise_aiocbs(CALL_aio, requests, count)', as: 'aio' }),
  symbol(       'lio_listio64',             'int (int mode, struct aiocb *const *requests, int count, struct sigevent *event)', '', INNER, { first: 'entry_materialise_aiocbs(CALL_aio, requests, count)', as: 'aio' }),
  syscall( 425, 'io_uring_setup',           'long (unsigned int entries, void *params)',                               'op_io_uring_setup(entries, params)', BOTH, { test: '1' }),
  symbol(       'io_uring_setup',           'int (unsigned int entries, void *params)',                                'op_io_uring_setup(entries, params)', BOTH, RING),
  symbol(       'io_uring_queue_init',      'int (unsigned int entries, void *ring, unsigned int flags)',              'shim_io_uring_queue_init(entries, ring, flags)', BOTH, RING),
  symbol(       'io_uring_queue_init_params', 'int (unsigned int entries, void *ring, void *params)',                  'shim_io_uring_queue_init_params(entries, ring, params)', BOTH, RING),
  symbol(       'io_uring_queue_init_mem',  'int (unsigned int entries, void *ring, void *params, void *buf, size_t size)', 'shim_io_uring_queue_init_mem(entries, ring, params, buf, size)', BOTH, RING),
  symbol(       'io_uring_register_files',  'int (void *ring, const int *files, unsigned int count)',                  '',        REAL,  { first: 'entry_materialise_list(CALL_io_uring_register, files, count)', as: 'io_uring_register', result: 'plain' }),
  syscall( 427, 'io_uring_register',        'long (int fd, unsigned int what, const int *files, unsigned int count)',  '',        REAL,  { first: 'what == 2 ? entry_materialise_list(CALL_io_uring_register, files, count) : 0' }),
];

import { INNER, REAL, symbol, syscall, type CallRow } from './row.js';

const AIO = { first: 'entry_materialise(CALL_aio, request->aio_fildes)', as: 'aio' } as const;

/** Asynchronous requests. The kernel carries out those of libaio on its own descriptors; the threads behind libc's
 *  aio_* make system calls that are routed. The requests of an io_uring lie in shared memory and pass no entry
 *  point: only descriptors that are registered are seen here. */
export const asyncCalls: readonly CallRow[] = [
  //       number name                      signature                                                                  operation  taken
  symbol(       'io_submit',                'int (void *context, long count, struct iocb **requests)',                 '',        REAL,  { first: 'entry_materialise_iocbs(CALL_io_submit, count, requests)', result: 'plain' }),
  syscall( 209, 'io_submit',                'long (unsigned long context, long count, struct iocb **requests)',        '',        REAL,  { first: 'entry_materialise_iocbs(CALL_io_submit, count, requests)' }),
  symbol(       'aio_read',                 'int (struct aiocb *request)',                                             '',        INNER, { ...AIO, aliases: 'aio_read64' }),
  symbol(       'aio_write',                'int (struct aiocb *request)',                                             '',        INNER, { ...AIO, aliases: 'aio_write64' }),
  symbol(       'aio_fsync',                'int (int operation, struct aiocb *request)',                              '',        INNER, { ...AIO, aliases: 'aio_fsync64' }),
  symbol(       'lio_listio',               'int (int mode, struct aiocb *const *requests, int count, struct sigevent *event)', '', INNER, { first: 'entry_materialise_aiocbs(CALL_aio, requests, count)', as: 'aio' }),
  symbol(       'lio_listio64',             'int (int mode, struct aiocb *const *requests, int count, struct sigevent *event)', '', INNER, { first: 'entry_materialise_aiocbs(CALL_aio, requests, count)', as: 'aio' }),
  symbol(       'io_uring_register_files',  'int (void *ring, const int *files, unsigned int count)',                  '',        REAL,  { first: 'entry_materialise_list(CALL_io_uring_register, files, count)', as: 'io_uring_register', result: 'plain' }),
  syscall( 427, 'io_uring_register',        'long (int fd, unsigned int what, const int *files, unsigned int count)',  '',        REAL,  { first: 'what == 2 ? entry_materialise_list(CALL_io_uring_register, files, count) : 0' }),
];

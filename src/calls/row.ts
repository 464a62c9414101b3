/**
 * What a row of the call table says, and how a row is written.
 *
 * A parameter's name carries its class, so that a row stays one line: an `int` named `fd`, `*fd` or `fd_*` is a
 * descriptor, `*dirfd` a directory descriptor, and a `const char *` named `path`, `oldpath` or `newpath` is a path,
 * relative to the directory descriptor just before it if there is one.
 */

/** What becomes of a call that concerns a descriptor or path of ours.
 *  - `take`         an operation answers it in the process
 *  - `after`        the real call runs first, then the operation sees its result (open in ioil)
 *  - `received`     the real call runs first, then the operation sees its arguments (recvmsg)
 *  - `materialise`  its descriptors become real dfuse descriptors, then the real call runs
 *  - `inner`        libc's own system calls inside it are routed; with symbols alone its descriptors are materialised
 *  - `kernel`       the kernel reaches the file through dfuse by itself
 *  - `none`         does not concern files */
export type Disposition = 'take' | 'after' | 'received' | 'materialise' | 'inner' | 'kernel' | 'none';

export type Flavour = 'pil4dfs' | 'ioil';
export const FLAVOURS: readonly Flavour[] = ['pil4dfs', 'ioil'];

export type Family =
  'open' | 'io' | 'stat' | 'directory' | 'name' | 'attributes' | 'descriptors' | 'memory' | 'process' | 'async';

/** How a long from an operation becomes the C return value: -1 and errno, the error number itself, or as it is. */
export type Result = 'errno' | 'number' | 'plain';

export interface Parameter {
  readonly type: string;
  readonly name: string;
}

export interface Options {
  /** Other exported names with the same signature and meaning. */
  readonly aliases?: string;
  /** The name under which the call is counted, when it is a variant of another one. */
  readonly as?: string;
  /** A C condition that must hold as well, or the real call runs (bounds of a fortified variant). */
  readonly only?: string;
  /** Replaces the derived test: a C condition, `'1'` for a call that is always taken. */
  readonly test?: string;
  /** Descriptors that this call closes: those that the provider owns are protected. */
  readonly closes?: string;
  /** Of an `inner` row: libc keeps the descriptor and closes it by itself later. */
  readonly kept?: boolean;
  /** It makes a descriptor or looks at many: native/shim/parking.c. */
  readonly unparks?: boolean;
  /** The operation counts itself. */
  readonly uncounted?: boolean;
  /** C that runs before the real call of a `materialise` row. */
  readonly first?: string;
  readonly result?: Result;
  /** False: libc's own `syscall` instruction with this number is left alone. */
  readonly routed?: boolean;
  readonly note?: string;
}

export interface CallRow {
  readonly name: string;
  readonly returns: string;
  readonly parameters: readonly Parameter[];
  /** Exported names; empty for a row that only a system call number reaches. */
  readonly symbols: readonly string[];
  /** System call number (x86-64); undefined when no system call has this row's arguments. */
  readonly nr: number | undefined;
  /** The C expression that answers the call. Empty when no flavour takes it. */
  readonly operation: string;
  readonly pil4dfs: Disposition;
  readonly ioil: Disposition;
  readonly options: Options;
}

/** Rows whose symbols are cancellation points of threads: those of POSIX.1-2017, XSH 2.9.5, and their Linux kin. */
export const cancellationPoints: ReadonlySet<string> = new Set([
  'open', '__open_2', 'openat', '__openat_2', 'creat', 'openat2', 'close', 'read', '__read_chk', 'write', 'pread64',
  '__pread_chk', 'pwrite64', 'readv', 'writev', 'preadv', 'pwritev', 'preadv2', 'pwritev2', 'fsync', 'fdatasync',
  'sync_file_range', 'fallocate', 'posix_fallocate', 'copy_file_range', 'fcntl', 'lockf',
]);

/** Rows that programs call most: their entry points lie together (SHIM_HOT). */
export const hotCalls: ReadonlySet<string> = new Set([
  'open', 'openat', 'close', 'read', 'write', 'pread64', 'pwrite64', 'readv', 'writev', 'lseek', 'fstat', 'stat', 'lstat',
  'statx', 'fstatat', 'access', 'readdir',
]);

export type Dispositions = readonly [pil4dfs: Disposition, ioil: Disposition];

/** Both flavours take it. */
export const BOTH: Dispositions = ['take', 'take'];
/** pil4dfs takes it; under ioil the kernel answers through dfuse. */
export const PIL: Dispositions = ['take', 'kernel'];
/** A call that opens: under ioil the kernel opens, then the descriptor is looked at. */
export const OPEN: Dispositions = ['take', 'after'];
/** A call that receives descriptors. */
export const RECEIVES: Dispositions = ['received', 'received'];
/** Handed to the kernel on real descriptors. */
export const REAL: Dispositions = ['materialise', 'materialise'];
/** Made of system calls that are routed. */
export const INNER: Dispositions = ['inner', 'inner'];
/** The kernel finds its way through dfuse. */
export const KERNEL: Dispositions = ['kernel', 'kernel'];

function parameter(text: string): Parameter {
  const match = /^(.*?)(\w+)$/.exec(text.trim());
  if (!match) throw new Error(`parameter without a name: ${text}`);
  return { type: match[1]!.trim(), name: match[2]! };
}

function make(name: string, signature: string, symbols: string[], nr: number | undefined, operation: string,
              [pil4dfs, ioil]: Dispositions, options: Options): CallRow {
  const match = /^(.*?)\s*\((.*)\)$/.exec(signature);
  if (!match) throw new Error(`${name}: not a signature: ${signature}`);
  const list = match[2] === 'void' ? [] : match[2]!.split(',').map(parameter);
  return { name, returns: match[1]!, parameters: list, symbols, nr, operation, pil4dfs, ioil, options };
}

const words = (text: string | undefined): string[] => text?.split(/\s+/).filter(Boolean) ?? [];

/** A libc symbol whose arguments are those of the system call \a nr. */
export function call(nr: number, name: string, signature: string, operation: string, what: Dispositions,
                     options: Options = {}): CallRow {
  return make(name, signature, [name, ...words(options.aliases)], nr, operation, what, options);
}

/** A libc symbol alone. */
export function symbol(name: string, signature: string, operation: string, what: Dispositions,
                       options: Options = {}): CallRow {
  return make(name, signature, [name, ...words(options.aliases)], undefined, operation, what, options);
}

/** A system call whose arguments differ from those of the symbol, or that has none. */
export function syscall(nr: number, name: string, signature: string, operation: string, what: Dispositions,
                        options: Options = {}): CallRow {
  return make(name, signature, [], nr, operation, what, options);
}

/** Descriptor parameters of a row; directory descriptors that go with a path are not among them. */
export function descriptors(row: CallRow): string[] {
  return row.parameters.filter((p) => p.type === 'int' && /^(?:\w*fd|fd_\w+)$/.test(p.name) && !p.name.endsWith('dirfd'))
    .map((p) => p.name);
}

/** Directory descriptors of a row. */
export function directories(row: CallRow): string[] {
  return row.parameters.filter((p) => p.type === 'int' && p.name.endsWith('dirfd')).map((p) => p.name);
}

/** Paths of a row, each with the C expression of the directory that it starts from. */
export function paths(row: CallRow): { readonly dirfd: string; readonly path: string }[] {
  return row.parameters.flatMap((p, i) => {
    if (!/^(?:old|new)?path$/.test(p.name)) return [];
    const before = row.parameters[i - 1];
    return [{ dirfd: before?.name.endsWith('dirfd') ? before.name : 'AT_FDCWD', path: p.name }];
  });
}

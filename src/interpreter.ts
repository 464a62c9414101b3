import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Scripts whose interpreter is a script: execve(2) follows as many. */
const maxScripts = 4;

/** ELFCLASS64, EM_X86_64 and PT_INTERP of elf(5). */
const elf64 = 2;
const machine = 62;
const segmentInterpreter = 3;

/** The file that execvp(3) would run; `undefined` when there is none. */
function executable(command: string, path: string): string | undefined {
  const candidates = command.includes('/')
    ? [command]
    : path.split(delimiter).map((dir) => join(dir, command));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function beginning(file: string, bytes: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** The dynamic loader that a 64-bit program names. */
function loaderOf(head: Buffer): string | undefined {
  const [start, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  for (let i = 0; i < count && start + (i + 1) * size <= head.length; i++) {
    const at = start + i * size;
    if (head.readUInt32LE(at) !== segmentInterpreter) continue;
    const offset = Number(head.readBigUInt64LE(at + 8));
    return head.toString('latin1', offset, offset + Number(head.readBigUInt64LE(at + 32)) - 1);
  }
  return undefined;
}

/** Whether a loader is glibc's, by its own name or a link's. */
export function isGlibcLoader(loader: string): boolean {
  try {
    return /\/ld-(linux[^/]*|2\.\d+)\.so/.test(realpathSync(loader)) || /\/ld-linux/.test(loader);
  } catch {
    return /\/ld-linux/.test(loader);
  }
}

/** Programs that a shim can't be preloaded into, in the order of native/shim/target.h. */
export const leftOut = ['static', 'privileged', 'machine', 'libc'] as const;
export type LeftOut = (typeof leftOut)[number];

/** execve(2) honours set-user-ID bits, and then ld.so(8) no LD_PRELOAD. */
function isPrivileged(file: string): boolean {
  const { mode, uid, gid } = statSync(file);
  return (
    ((mode & 0o4000) !== 0 && uid !== process.geteuid?.()) ||
    ((mode & 0o2010) === 0o2010 && gid !== process.getegid?.())
  );
}

function kindOfElf(file: string, head: Buffer): LeftOut | undefined {
  if (head[4] !== elf64 || head.readUInt16LE(18) !== machine) return 'machine';
  if (isPrivileged(file)) return 'privileged';
  const loader = loaderOf(head);
  if (loader === undefined) return isGlibcLoader(file) ? undefined : 'static';
  return isGlibcLoader(loader) ? undefined : 'libc';
}

/**
 * Why a shim won't be in the program that a command starts, or in the interpreter of a script; `undefined` where it
 * will, and where nothing can be told.
 */
export function leftOutOf(command: string, path = ''): LeftOut | undefined {
  try {
    let file = executable(command, path);
    for (let scripts = 0; file !== undefined && scripts <= maxScripts; scripts++) {
      const head = beginning(file, 4096);
      if (head.toString('latin1', 0, 4) === '\x7fELF') return kindOfElf(file, head);
      file = /^#![ \t]*([^\s]+)/.exec(head.toString('latin1'))?.[1];
    }
  } catch {
    // What can't be read is the kernel's to judge.
  }
  return undefined;
}

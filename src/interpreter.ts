import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Scripts whose interpreter is a script: execve(2) follows as many. */
const maxScripts = 4;

/** PT_INTERP of elf(5). */
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

/** The dynamic loader of a command, or of the interpreter of a script; `undefined` where none can be told. */
export function dynamicLoader(command: string, path = ''): string | undefined {
  try {
    let file = executable(command, path);
    for (let scripts = 0; file !== undefined && scripts <= maxScripts; scripts++) {
      const head = beginning(file, 4096);
      if (head.toString('latin1', 0, 4) === '\x7fELF') return head[4] === 2 ? loaderOf(head) : undefined;
      file = /^#![ \t]*([^\s]+)/.exec(head.toString('latin1'))?.[1];
    }
  } catch {
    // What can't be read is the kernel's to judge.
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

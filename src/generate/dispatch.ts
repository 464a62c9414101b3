/** Emits dispatch.c: the system calls of a flavour, and which of libc's own are routed. */
import { descriptors, directories, paths, type CallRow, type Flavour } from '../calls/row.js';
import { otherNumbers } from '../calls/kernel.js';
import { HEAD, counter, handedOver, oursTest, rawArguments, taken } from './c.js';

export function dispatched(row: CallRow, flavour: Flavour): boolean {
  if (row.nr === undefined) return false;
  switch (row[flavour]) {
    case 'take':
    case 'after':
      return true;
    case 'materialise':
      return row.options.first !== undefined || handedOver(row).length > 0;
    default:
      return false;
  }
}

function locals(row: CallRow): string {
  return (
    row.parameters
      .map((p, i) => {
        const type = p.type.endsWith('*') ? p.type : `${p.type} `;
        return `\t\t${type}${p.name} = (${p.type})a${i + 1};\n`;
      })
      .join('') +
    '\n' +
    row.parameters.map((p) => `\t\t(void)${p.name};\n`).join('')
  );
}

function body(row: CallRow, flavour: Flavour): string {
  const operation = row.operation;
  switch (row[flavour]) {
    case 'take': {
      const test = oursTest(row, flavour);
      if (test === '1') return `\t\treturn ${operation};\n`;
      const skip = `\t\tif (ENTRY_LIKELY(!(${test})))\n\t\t\tbreak;\n`;
      return `${skip}\t\treturn ${taken(row)};\n`;
    }
    case 'after': {
      const flags = row.parameters.some((p) => p.name === 'flags')
        ? 'flags'
        : row.parameters.some((p) => p.name === 'how')
          ? '(int)how->flags'
          : 'O_WRONLY | O_CREAT | O_TRUNC';
      return (
        '\t\tlong before = op_opening();\n' +
        `\t\tlong fd = shim_wait_routed(${row.nr}, ${rawArguments(row)});\n\n` +
        `\t\treturn fd < 0 ? fd : ENTRY_OPENED(${counter(row)}, (int)fd, ${flags}, before, false);\n`
      );
    }
    default: {
      const steps = handedOver(row).map((fd) => `entry_materialise(${counter(row)}, ${fd})`);
      if (row.options.first) steps.push(row.options.first);
      return (
        `\t\tlong r;\n\n` +
        steps.map((step) => `\t\tr = ${step};\n\t\tif (ENTRY_UNLIKELY(r < 0))\n\t\t\treturn r;\n`).join('') +
        '\t\tbreak;\n'
      );
    }
  }
}

/** Class bits of a number, for the test before any state is saved: see attach.h. */
function classOf(row: CallRow, flavour: Flavour): string {
  const bits: string[] = row.options.routed === false ? [] : ['ATTACH_ROUTED'];
  const what = row[flavour];
  if (row.options.test === '1' || row.options.first) bits.push('ATTACH_ALWAYS');
  if (what === 'after') bits.push('ATTACH_OPENS');
  const fds = [
    ...descriptors(row),
    ...(flavour === 'ioil' || what === 'materialise' ? directories(row) : []),
  ];
  const byPath = flavour === 'pil4dfs' && what === 'take';
  const fromDirectory = new Map(paths(row).map(({ dirfd, path }) => [path, dirfd !== 'AT_FDCWD']));
  row.parameters.forEach((p, i) => {
    if (fds.includes(p.name)) bits.push(`ATTACH_FD(${i})`);
    if (byPath && fromDirectory.has(p.name))
      bits.push(`ATTACH_${fromDirectory.get(p.name) ? 'AT' : 'PATH'}(${i})`);
  });
  if (row.options.closes) bits.push('ATTACH_CLOSES');
  if (row.options.unparks && flavour === 'pil4dfs') bits.push('ATTACH_UNPARK');
  if (row.options.test?.includes('CWD_OURS')) bits.push('ATTACH_CWD');
  // Nothing in its arguments tells: its own test does, for a syscall(2) of the program.
  if (bits.length === 0) bits.push('ATTACH_ALWAYS');
  return bits.join(' | ');
}

/** Numbers that are never answered here, but mean the end of a parked descriptor. */
function unparking(flavour: Flavour): string {
  if (flavour !== 'pil4dfs') return '';
  return otherNumbers
    .filter(({ unparks }) => unparks)
    .flatMap(({ calls }) => Object.entries(calls))
    .map(([name, nr]) => `\t[${nr}] = ATTACH_ROUTED | ATTACH_UNPARK, /* ${name} */\n`)
    .join('');
}

/** The text of dispatch.c. */
export function dispatchC(rows: readonly CallRow[], flavour: Flavour): string {
  const list = rows.filter((row) => dispatched(row, flavour));
  const cases = list
    .map((row) => `\tcase ${row.nr}: { /* ${row.name} */\n${locals(row)}${body(row, flavour)}\t}\n`)
    .join('');
  return (
    `${HEAD}#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n${flavour === 'ioil' ? '#define SHIM_IOIL 1\n' : ''}#include "entry.h"\n#include "attach.h"\n#include "wait.h"\n\n` +
    `/** Answers system call \\a nr as the kernel would: in the process when it concerns us. */\n` +
    `SHIM_HOT long shim_dispatch(long nr, long a1, long a2, long a3, long a4, long a5, long a6)\n{\n\tswitch (nr) {\n${cases}\t}\n` +
    `\treturn shim_wait_routed(nr, a1, a2, a3, a4, a5, a6);\n}\n\n` +
    `/* What makes a number of shim_dispatch() ours; 0: it never is. */\n` +
    `const uint32_t attach_class[ATTACH_NUMBERS] = {\n` +
    list.map((row) => `\t[${row.nr}] = ${classOf(row, flavour)}, /* ${row.name} */\n`).join('') +
    unparking(flavour) +
    `};\n`
  );
}

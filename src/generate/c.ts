/** Pieces of C that both generated files are made of. */
import type { CallRow, Flavour } from '../calls/row.js';
import { descriptors, directories, paths } from '../calls/row.js';

export const HEAD = '/* Generated from src/calls; changes here are lost. */\n';

/** The identifier of the counter of \a row. */
export function counter(row: CallRow): string {
  return `CALL_${row.options.as ?? row.name}`;
}

/** A C identifier that no libc header declares, for the symbol \a name. */
export function own(name: string): string {
  return `entry_sym_${name}`;
}

export function parameterList(row: CallRow): string {
  if (row.parameters.length === 0) return 'void';
  return row.parameters
    .map((p) => (p.type.endsWith('*') ? `${p.type}${p.name}` : `${p.type} ${p.name}`))
    .join(', ');
}

export function argumentList(row: CallRow): string {
  return row.parameters.map((p) => p.name).join(', ');
}

/** The six long arguments of shim_syscall() for the parameters of \a row. */
export function rawArguments(row: CallRow): string {
  const list = row.parameters.map((p) => `(long)${p.name}`);
  while (list.length < 6) list.push('0');
  return list.join(', ');
}

/** The C condition under which \a row concerns something of ours in \a flavour. */
export function oursTest(row: CallRow, flavour: Flavour): string {
  let test = row.options.test;
  if (test === undefined) {
    const terms = descriptors(row).map((fd) => `shim_fd_ours(${fd})`);
    if (row.options.closes) terms.push(`shim_fd_protected(${row.options.closes})`);
    for (const { dirfd, path } of paths(row)) {
      if (flavour === 'pil4dfs') terms.push(`shim_path_ours(${dirfd}, ${path})`);
      else if (dirfd !== 'AT_FDCWD') terms.push(`entry_fd_itself(${dirfd}, ${path})`);
    }
    if (terms.length === 0) throw new Error(`${row.name}: nothing tells whether the call is ours`);
    test = terms.join(' || ');
  }
  if (!row.options.only) return test;
  return `${/\|\|/.test(test) ? `(${test})` : test} && ${row.options.only}`;
}

/** As oursTest(), but it may be true of a call that isn't ours; it calls nothing. */
export function glanceTest(row: CallRow, flavour: Flavour): string {
  return oursTest(row, flavour)
    .replaceAll('shim_path_ours(', 'shim_path_near(')
    .replaceAll('shim_fd_protected(', 'shim_fd_high(');
}

/** The operation of \a row, counted. */
export function taken(row: CallRow): string {
  return row.options.uncounted ? row.operation : `ENTRY_TAKE(${counter(row)}, ${row.operation})`;
}

/** Descriptors that a row hands to the kernel when it is not taken. */
export function handedOver(row: CallRow): string[] {
  return [...descriptors(row), ...directories(row)];
}

/** Writes a result of kind long as the return value of \a row. */
export function returned(row: CallRow, result: string): string {
  if (row.returns === 'void') return `(void)${result};`;
  switch (row.options.result ?? 'errno') {
    case 'plain':
      return `return ${result};`;
    case 'number':
      return `return (${row.returns})entry_number(${result});`;
    case 'errno':
      return `return (${row.returns})entry_errno(${result});`;
  }
}

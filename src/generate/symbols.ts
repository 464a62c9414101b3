/** Emits symbols.c: the exported libc names of a flavour. */
import { FLAVOURS, cancellationPoints, hotCalls, type CallRow, type Flavour } from '../calls/row.js';
import {
  HEAD,
  argumentList,
  counter,
  glanceTest,
  handedOver,
  oursTest,
  own,
  parameterList,
  rawArguments,
  returned,
  taken,
} from './c.js';

/** Whether \a flavour exports the names of \a row. */
export function exported(row: CallRow, flavour: Flavour): boolean {
  if (row.symbols.length === 0) return false;
  switch (row[flavour]) {
    case 'take':
    case 'after':
    case 'received':
      return true;
    case 'materialise':
      return row.options.first !== undefined || handedOver(row).length > 0;
    case 'inner':
      return row.options.first !== undefined || handedOver(row).length > 0;
    case 'kernel':
    case 'none':
      return false;
  }
}

/** The real call as a statement list that leaves the function. */
function passThrough(row: CallRow, indent: string): string {
  const call = `real(${argumentList(row)})`;
  const missing = row.nr === undefined ? '-ENOSYS' : `shim_syscall(${row.nr}, ${rawArguments(row)})`;
  const lines = [`fn_${row.name} *real = ENTRY_REAL(real_${row.name}, "${row.symbols[0]}");`, ''];
  if (row.returns === 'void') {
    lines.push('if (ENTRY_LIKELY(real != NULL))', `\t${call};`);
  } else {
    lines.push('if (ENTRY_LIKELY(real != NULL))', `\treturn ${call};`);
    const plain =
      row.options.result === 'plain'
        ? { ...row, options: { ...row.options, result: 'errno' as const } }
        : row;
    lines.push(returned(plain, missing));
  }
  return lines.map((line) => (line === '' ? '' : indent + line)).join('\n');
}

function body(row: CallRow, flavour: Flavour): string {
  const take = taken(row);
  switch (row[flavour]) {
    case 'take': {
      const test = oursTest(row, flavour);
      if (test === '1') return `\t${returned(row, row.operation)}\n`;
      const point = cancellationPoints.has(row.name) ? '\tentry_cancellation_point();\n' : '';
      const answer =
        row.options.result === 'plain'
          ? `SHIM_COUNT(${counter(row)}, taken);\n\treturn ${row.operation};`
          : returned(row, take);
      return `\tif (ENTRY_UNLIKELY(!(${test}))) {\n${passThrough(row, '\t\t')}\n\t}\n${point}\t${answer}\n`;
    }
    case 'after': {
      const flags = row.parameters.some((p) => p.name === 'flags')
        ? 'flags'
        : row.parameters.some((p) => p.name === 'how')
          ? '(int)how->flags'
          : 'O_WRONLY | O_CREAT | O_TRUNC';
      return (
        `\tfn_${row.name} *real = ENTRY_REAL(real_${row.name}, "${row.symbols[0]}");\n` +
        '\tlong before = op_opening();\n' +
        `\tlong fd = real != NULL ? real(${argumentList(row)})\n` +
        `\t\t: entry_errno(${row.nr === undefined ? '-ENOSYS' : `shim_syscall(${row.nr}, ${rawArguments(row)})`});\n\n` +
        `\treturn fd < 0 ? -1 : (int)ENTRY_OPENED(${counter(row)}, (int)fd, ${flags}, before, true);\n`
      );
    }
    case 'received':
      return (
        `\tfn_${row.name} *real = ENTRY_REAL(real_${row.name}, "${row.symbols[0]}");\n` +
        `\t${row.returns} result = real != NULL ? real(${argumentList(row)}) : (errno = ENOSYS, -1);\n\n` +
        `\tif (ENTRY_UNLIKELY(shim_adopts) && result >= 0)\n\t\t${row.operation};\n\treturn result;\n`
      );
    case 'materialise':
    case 'inner': {
      const inner = row[flavour] === 'inner';
      const how = row.options.kept === true ? 'entry_hand_over' : 'entry_materialise';
      const steps = handedOver(row).map((fd) => `${how}(${counter(row)}, ${fd})`);
      if (row.options.first) steps.push(row.options.first);
      const failed = returned(row.options.result === 'number' ? row : { ...row, options: {} }, 'r').replace(
        /^return \(([^)]*\*)\).*;$/,
        'return (entry_errno(r), ($1)NULL);',
      );
      const guard = inner ? 'ENTRY_UNLIKELY(shim_symbols_only) && ' : '';
      return (
        steps
          .map(
            (step, i) =>
              `\t${i === 0 ? 'long ' : ''}r = ${guard ? `${guard.slice(0, -4)} ? ${step} : 0` : step};\n` +
              `${i === 0 ? '\n' : ''}\tif (ENTRY_UNLIKELY(r < 0))\n\t\t${failed}\n`,
          )
          .join('') + `\t{\n${passThrough(row, '\t\t')}\n\t}\n`
      );
    }
    default:
      throw new Error(`${row.name} is not exported in ${flavour}`);
  }
}

/** What tells at a glance that the real call is all there is to do; undefined where nothing does. */
function passes(row: CallRow, flavour: Flavour): string | undefined {
  if (row[flavour] === 'after') return 'shim_sees(real)';
  const test = row[flavour] === 'take' ? glanceTest(row, flavour) : '1';
  return test === '1' ? undefined : `!(${test})`;
}

function definition(row: CallRow, flavour: Flavour): string {
  const [first, ...aliases] = row.symbols;
  const head = `${row.returns}${row.returns.endsWith('*') ? '' : ' '}`;
  const parameters = parameterList(row);
  const hot = hotCalls.has(row.name) ? 'SHIM_HOT ' : '';
  let text = '';
  const always = row[flavour] === 'take' && oursTest(row, flavour) === '1';
  if (!always)
    text += `typedef ${head}fn_${row.name}(${parameters});\nSHIM_HOT_DATA static fn_${row.name} *real_${row.name};\n\n`;
  const pass = passes(row, flavour);
  if (pass !== undefined)
    text += `${hot}SHIM_ASIDE static ${head}ours_${row.name}(${parameters})\n{\n${body(row, flavour)}}\n\n`;
  const whole =
    pass === undefined
      ? body(row, flavour)
      : `\tfn_${row.name} *real = ENTRY_KNOWN(real_${row.name});\n\n` +
        `\tif (ENTRY_LIKELY(real != NULL && ${pass}))\n\t\treturn real(${argumentList(row)});\n` +
        `\treturn ours_${row.name}(${argumentList(row)});\n`;
  text += `${hot}ENTRY_EXPORT ${head}${own(first!)}(${parameters}) __asm__("${first}");\n`;
  for (const alias of aliases)
    text += `${hot}ENTRY_EXPORT ${head}${own(alias)}(${parameters}) __asm__("${alias}") __attribute__((alias("${first}")));\n`;
  return `${text}${head}${own(first!)}(${parameters})\n{\n${whole}}\n`;
}

/** The text of symbols.c. */
export function symbolsC(rows: readonly CallRow[], flavour: Flavour): string {
  if (!FLAVOURS.includes(flavour)) throw new Error(`no flavour ${flavour}`);
  return (
    `${HEAD}#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n${flavour === 'ioil' ? '#define SHIM_IOIL 1\n' : ''}#include "entry.h"\n\n` +
    rows
      .filter((row) => exported(row, flavour))
      .map((row) => definition(row, flavour))
      .join('\n')
  );
}

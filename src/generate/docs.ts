/** Emits docs/calls.md: what is intercepted, and what is not and why. */
import { families, listCalls, type ListedCall } from '../calls/index.js';
import { otherNumbers } from '../calls/kernel.js';
import { otherNames } from '../calls/libc.js';
import type { Disposition } from '../calls/row.js';

const MEANING: Readonly<Record<Disposition, string>> = {
  take: 'answered in the process',
  after: 'the kernel opens, then the descriptor is looked at: its data calls are answered in the process',
  received: 'the kernel answers, then files of a mount among the descriptors that came are taken over',
  materialise: 'descriptors of ours become real dfuse descriptors in place, then the kernel answers',
  inner: 'runs in libc, whose own system calls are intercepted; with symbols alone as *materialise*',
  kernel: 'the kernel answers, through dfuse where a file of a mount is meant',
  none: 'does not concern files',
};

function cells(call: ListedCall): string {
  const aliases = call.aliases.map((a) => `\`${a}\``).join(' ');
  const name = `\`${call.name}\`${call.symbol ? '' : ' (number only)'}`;
  return `| ${name} | ${aliases} | ${call.nr ?? ''} | ${call.pil4dfs} | ${call.ioil} |`;
}

/** Names in lines of readable length. */
function wrapped(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.length - 1;
    if (lines[last]!.length + name.length > 110) lines.push(name);
    else lines[last] += (lines[last] ? ' ' : '') + name;
  }
  return lines.join('\n');
}

/** The text of docs/calls.md. */
export function callsMarkdown(): string {
  const calls = listCalls();
  const text = [
    '# Calls',
    '',
    'Generated from `src/calls` by `src/generate`; changes here are lost. How a call gets to the shim is in',
    '[interception.md](interception.md). What happens to a call that concerns a file of ours:',
    '',
    ...Object.entries(MEANING).map(([what, meaning]) => `- **${what}**: ${meaning}`),
    '',
    'A call on anything else always runs as if the shim were not there.',
  ];
  for (const [family] of families) {
    const list = calls.filter((call) => call.family === family);
    text.push(
      '',
      `## ${family[0]!.toUpperCase()}${family.slice(1)}`,
      '',
      '| call | other names | number | pil4dfs | ioil |',
      '|---|---|---|---|---|',
      ...list.map(cells),
    );
    const notes = list.filter((call) => call.note !== undefined);
    if (notes.length > 0) text.push('', ...notes.map((call) => `\`${call.name}\`: ${call.note}.`));
  }
  text.push('', '## Other names of libc', '', 'A trailing `*` stands for a whole family of names.');
  for (const { what, reason, names } of otherNames)
    text.push('', `**${what}**, ${reason}:`, '', '```', wrapped(names.split(/\s+/).filter(Boolean)), '```');
  text.push('', '## Other system calls');
  for (const { what, reason, calls: numbers } of otherNumbers)
    text.push(
      '',
      `**${what}**, ${reason}:`,
      '',
      '```',
      wrapped(Object.entries(numbers).map(([n, nr]) => `${n}(${nr})`)),
      '```',
    );
  return `${text.join('\n')}\n`;
}

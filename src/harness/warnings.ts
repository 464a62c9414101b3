import type { Way } from './ways.js';

/** What a reader of the numbers should know, with the remedy. */
export const warningTexts = {
  noisy: {
    what: 'the rounds differ much',
    remedy: 'close other programs, or let more rounds average it out (without --quick)',
  },
  outliers: {
    what: 'some rounds lie far from the others',
    remedy: 'something else used the machine for a while; run it again',
  },
  missing: { what: 'this way was left out', remedy: 'see below' },
  failed: {
    what: 'this workload failed',
    remedy: 'the number is left out; dfskit doctor looks at the installation',
  },
  mismatch: {
    what: "the result differs from the kernel's",
    remedy: 'this is a bug in the way: please report it with the JSON file',
  },
  cleanup: { what: 'something could not be cleaned up', remedy: 'remove it by hand' },
} as const;

export type WarningKind = keyof typeof warningTexts;

export interface Warning {
  kind: WarningKind;
  /** Row it is about, or `null` for the whole comparison. */
  workload: string | null;
  way: Way | null;
  /** A number or a message. */
  detail: string;
  remedy: string;
}

export function makeWarning(
  kind: WarningKind,
  about: { workload?: string; way?: Way; detail: string; remedy?: string },
): Warning {
  return {
    kind,
    workload: about.workload ?? null,
    way: about.way ?? null,
    detail: about.detail,
    remedy: about.remedy ?? warningTexts[kind].remedy,
  };
}

/** `rand-read-4k, dfuse: the rounds differ much (spread 31 %): close other programs, …`. */
export function formatHint(warning: Warning): string {
  const about = [warning.workload, warning.way].filter((part) => part !== null).join(', ');
  const what = `${warningTexts[warning.kind].what} (${warning.detail})`;
  return `${about === '' ? '' : `${about}: `}${what}: ${warning.remedy}`;
}

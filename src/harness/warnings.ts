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
  short: {
    what: 'fewer rounds than planned, because time was up',
    remedy: 'an idle machine does them all; without --quick there is more time',
  },
  missing: { what: 'left out', remedy: 'dfskit doctor looks at the installation' },
  failed: {
    what: 'failed',
    remedy: 'dfskit doctor looks at the installation',
  },
  mismatch: {
    what: "the result differs from the kernel's",
    remedy: 'this is a bug in the way: please report it with the JSON file',
  },
  cleanup: { what: 'not cleaned up', remedy: 'remove it by hand' },
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

function aboutOf(warning: Warning): string {
  const detail = warning.kind === 'missing' ? '' : ` ${warning.detail}`;
  return `${[warning.workload, warning.way].filter((part) => part !== null).join(' ')}${detail}`.trim();
}

/** Places that a line names; all are in the JSON file. */
const shownPlaces = 6;

/**
 * Warnings as lines: what is wrong, where, and the remedy. Those of one kind and remedy share a line, because a noisy
 * machine is noisy in every row.
 */
export function formatHints(warnings: readonly Warning[]): string[] {
  const groups = new Map<string, Warning[]>();
  for (const warning of warnings) {
    const reason = warning.kind === 'missing' ? warning.detail : '';
    const key = `${warning.kind}\0${warning.remedy}\0${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), warning]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const more = group.length > shownPlaces ? `, and ${group.length - shownPlaces} more` : '';
    const where = group.slice(0, shownPlaces).map(aboutOf).join(', ') + more;
    const { what } = warningTexts[first.kind];
    if (first.kind === 'missing') return `${where}: ${what}: ${first.detail}; ${first.remedy}`;
    return `${what}: ${where}; ${first.remedy}`;
  });
}

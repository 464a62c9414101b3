import { readdirSync, readFileSync } from 'node:fs';

/**
 * bash, first in a new mount namespace (unshare -m): takes the mounts of other tests away there, all but those at the
 * places that words of bash name. A namespace keeps what it has copied mounted, and dfuse running, until it ends.
 */
export function leaveMounts(...keep: string[]): string {
  const others = keep.map((word) => `test "$at" = ${word} || `).join('');
  // The table writes blanks as octal digits.
  return `awk '/ - fuse.daos / { print $5 }' /proc/self/mountinfo | while read -r at; do at=$(printf %b "$at"); ${others}umount -l "$at" || :; done`;
}

/** The processes, with what they run, for which `directory` is a mount point. */
export function mountedFor(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
        if (!mounts.some((line) => line.split(' ')[4] === directory)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 100)}`];
      } catch {
        return []; // it has ended
      }
    });
}

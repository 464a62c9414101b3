import { libPath } from './paths.js';

/** The ways of a program to the files of a container that `dfskit run` can set up. */
export const flavors = ['pil4dfs', 'ioil', 'dfuse'] as const;
export type Flavor = (typeof flavors)[number];

/** The flavour that is taken when none is named. */
export const defaultFlavor: Flavor = 'pil4dfs';

/** Path of the library to preload; `undefined` where the kernel's mount does it all. */
export function preloadLibrary(flavor: Flavor): string | undefined {
  switch (flavor) {
    case 'pil4dfs':
      return libPath('libpil4dfs.so');
    case 'ioil':
      return libPath('libioil.so');
    case 'dfuse':
      return undefined;
  }
}

/**
 * LD_PRELOAD with `library` in front of what is there (ld.so(8): separated by colons or spaces).
 * A library that is in it already is not put in again.
 */
export function prependPreload(library: string, present: string | undefined): string {
  const rest = (present ?? '').split(/[\s:]+/).filter((path) => path !== '' && path !== library);
  return [library, ...rest].join(':');
}

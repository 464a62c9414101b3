/** The ways to the same files that are measured, in the order of the table's columns. */
export const ways = ['kernel', 'dfs', 'dfuse', 'ioil', 'pil4dfs'] as const;
export type Way = (typeof ways)[number];

/** What a column is, for the legend. */
export const wayDescriptions: Readonly<Record<Way, string>> = {
  kernel: "the kernel's own file system under the store",
  dfs: 'calls of the DFS library',
  dfuse: 'FUSE mount, no preload',
  ioil: 'coherent mount with libioil.so',
  pil4dfs: 'coherent mount with libpil4dfs.so',
};

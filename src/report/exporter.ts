import type { Results } from '../harness/results.js';

/** Turns results into the text of a file. One format, one file of ours. */
export interface Exporter {
  /** Name of the format, as in `--export-json`. */
  readonly format: string;
  /** Must not fail for results that are not complete: it is called after every workload. */
  render(results: Results): string;
}

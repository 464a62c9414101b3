import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DfskitError } from '../errors.js';
import type { Exporter } from '../report/exporter.js';
import type { Results } from './results.js';

/** A report that is rewritten as results come, so that a crash loses none. */
export interface ResultsFile {
  path: string;
  exporter: Exporter;
}

/** Writes `text` beside `path` and renames it there: a reader sees the old file or the new one, never half of one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  await writeFile(part, text);
  await rename(part, path);
}

/** Rewrites every report. @throws DfskitError when one cannot be written */
export async function writeResults(results: Results, files: readonly ResultsFile[]): Promise<void> {
  for (const file of files) {
    try {
      await replaceFile(file.path, file.exporter.render(results));
    } catch (cause) {
      throw new DfskitError({
        code: 'EXPORT',
        what: `cannot write ${file.path}`,
        why: cause instanceof Error ? cause.message : String(cause),
        remedy: 'name a file in a directory that exists and that you may write',
        cause,
      });
    }
  }
}

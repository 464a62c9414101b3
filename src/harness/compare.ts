import { join } from 'node:path';
import { DfskitError } from '../errors.js';
import { packageRoot } from '../paths.js';
import { htmlExporter } from '../report/html.js';
import { jsonExporter } from '../report/json.js';
import { markdownExporter } from '../report/markdown.js';
import { applicationSteps, emptyApplicationRows, runApplications } from './applications.js';
import { withCleanUp, type CleanUpStack } from './cleanup.js';
import { Driver } from './driver.js';
import { machineFacts } from './machine.js';
import { runMicro } from './micro.js';
import { notAskedFor, setUpPlaces, type Places } from './places.js';
import { startProgress, type Progress } from './progress.js';
import { writeResults, type ResultsFile } from './results-file.js';
import { resultsFormat, type Results, type Row } from './results.js';
import { summarize } from './statistics.js';
import { stageTree } from './tree.js';
import { makeWarning, type Warning } from './warnings.js';
import { ways, type Way } from './ways.js';
import { fullEffort, microWorkloads, quickEffort, type Effort } from './workloads.js';

/** Spread from which on a row is called noisy. */
const noisySpread = 0.25;

/** Part of the rounds that may be outliers without a word: the median does not mind a few. */
const manyOutliers = 0.2;

/** What is compared, and where it is written. All is optional. */
export interface CompareOptions {
  /** Fewer rounds and smaller files: under three minutes. */
  quick?: boolean;
  /** Names of workloads (`stat`, `tar`); all when empty. */
  workloads?: readonly string[];
  /** Columns; all when empty. */
  ways?: readonly Way[];
  provider?: 'local' | 'daos';
  /** Directory of the local store; a temporary one in memory when neither this nor `container` is given. */
  store?: string;
  /** POOL/CONT to work in, in a directory that is removed after; a temporary container when not given. */
  container?: string;
  exportJson?: string;
  exportMarkdown?: string;
  exportHtml?: string;
  /** Replaces parts of the effort, for tests. */
  effort?: Partial<Effort>;
}

/** Names that `workloads` may hold. */
export const workloadNames: readonly string[] = [
  ...microWorkloads.map((workload) => workload.name),
  ...applicationSteps.map((step) => step.name),
];

function checkNames(options: CompareOptions): void {
  for (const name of options.workloads ?? []) {
    if (workloadNames.includes(name)) continue;
    throw new DfskitError({
      code: 'BAD_WORKLOAD',
      what: `cannot measure ${name}`,
      why: 'no such workload',
      remedy: `it is one of: ${workloadNames.join(', ')}`,
      status: 2,
    });
  }
  if (options.provider !== 'daos' || options.container !== undefined) return;
  throw new DfskitError({
    code: 'NO_CONTAINER',
    what: 'cannot compare with the daos provider',
    why: 'no container is named',
    remedy: 'name one that exists with --cont POOL/CONT; a directory in it is used and removed after',
    status: 2,
  });
}

function filesOf(options: CompareOptions): ResultsFile[] {
  const files: ResultsFile[] = [];
  if (options.exportJson !== undefined) files.push({ path: options.exportJson, exporter: jsonExporter });
  if (options.exportMarkdown !== undefined)
    files.push({ path: options.exportMarkdown, exporter: markdownExporter });
  if (options.exportHtml !== undefined) files.push({ path: options.exportHtml, exporter: htmlExporter });
  return files;
}

/** What a reader of a row should know. */
export function rowWarnings(row: Row): Warning[] {
  const found: Warning[] = [];
  for (const way of ways) {
    const cell = row.cells[way];
    const about = { workload: row.name, way };
    if (cell.status === 'failed' || cell.status === 'mismatch') {
      found.push(makeWarning(cell.status, { ...about, detail: cell.note ?? 'no reason given' }));
    }
    const summary = summarize(cell.samples.filter((sample) => sample !== null));
    if (summary === undefined || cell.samples.length < 3) continue;
    if (summary.spread > noisySpread) {
      found.push(makeWarning('noisy', { ...about, detail: `${(summary.spread * 100).toFixed(0)} %` }));
    } else if (cell.samples.length >= 5 && summary.outliers > cell.samples.length * manyOutliers) {
      found.push(
        makeWarning('outliers', { ...about, detail: `${summary.outliers} of ${cell.samples.length}` }),
      );
    }
  }
  return found;
}

/** Rows with fewer rounds than were planned, once all is done. */
function shortRows(results: Results, effort: Effort): Warning[] {
  if (results.finished === null) return [];
  return results.rows.flatMap((row) => {
    const planned = row.group === 'micro' ? effort.microRounds : effort.applicationRounds;
    const rounds = Math.max(...ways.map((way) => row.cells[way].samples.length));
    if (rounds === 0 || rounds >= planned) return [];
    return [makeWarning('short', { workload: row.name, detail: `${rounds} of ${planned}` })];
  });
}

function collectWarnings(results: Results, effort: Effort): Warning[] {
  const missing = results.ways
    .filter((facts) => !facts.available && facts.why !== notAskedFor)
    .map((facts) =>
      makeWarning('missing', {
        way: facts.way,
        detail: facts.why ?? 'no reason given',
        ...(facts.remedy === null ? {} : { remedy: facts.remedy }),
      }),
    );
  return [...missing, ...results.rows.flatMap(rowWarnings), ...shortRows(results, effort)];
}

/** Starts a driver a way; one that does not start is left out and its facts say why. */
async function startDrivers(places: Places, effort: Effort, stack: CleanUpStack): Promise<Map<Way, Driver>> {
  const drivers = new Map<Way, Driver>();
  for (const [way, place] of places.drivers) {
    try {
      const driver = await Driver.start({ ...place, files: effort.files, fileMib: effort.fileMib });
      stack.defer(`end the driver of ${way}`, async () => driver.stop());
      stack.onInterrupt(() => driver.kill());
      drivers.set(way, driver);
    } catch (error) {
      const facts = places.facts.find((each) => each.way === way);
      if (facts === undefined || !(error instanceof DfskitError)) throw error;
      facts.available = false;
      facts.why = error.message;
      facts.remedy = error.remedy ?? null;
      places.applications.delete(way);
    }
  }
  return drivers;
}

interface Session {
  options: CompareOptions;
  effort: Effort;
  results: Results;
  places: Places;
  progress: Progress;
  /** Recomputes the warnings and rewrites the files. */
  save(): Promise<void>;
}

function chosen(options: CompareOptions, name: string): boolean {
  return (
    options.workloads === undefined || options.workloads.length === 0 || options.workloads.includes(name)
  );
}

async function compareMicro(session: Session, stack: CleanUpStack): Promise<void> {
  const { options, effort, results, places, progress } = session;
  const workloads = microWorkloads.filter((workload) => chosen(options, workload.name));
  if (workloads.length === 0) return;
  const drivers = await startDrivers(places, effort, stack);
  for (const workload of workloads) {
    const row = await runMicro(workload, drivers, effort, () => {
      stack.check();
      progress.step(workload.name);
    });
    results.rows.push(row);
    await session.save();
  }
  for (const driver of drivers.values()) await driver.stop();
}

async function compareApplications(session: Session, stack: CleanUpStack): Promise<void> {
  const { options, effort, results, places, progress } = session;
  // The steps need each other: any of them runs all.
  if (!applicationSteps.some((step) => chosen(options, step.name))) return;
  const input = join(places.scratch, 'input');
  const limit = { files: effort.treeFiles, bytes: effort.treeBytes };
  results.tree = await stageTree(join(packageRoot, 'node_modules'), input, limit, () => stack.check());
  const interrupt = new AbortController();
  stack.onInterrupt(() => interrupt.abort());
  const micro = [...results.rows];
  const keep = async (rows: readonly Row[]): Promise<void> => {
    results.rows = [...micro, ...rows.filter((row) => chosen(options, row.name))];
    await session.save();
  };
  await keep(emptyApplicationRows(new Set(places.applications.keys())));
  await runApplications({
    input,
    places: places.applications,
    rounds: effort.applicationRounds,
    seconds: effort.applicationSeconds,
    scratch: places.scratch,
    signal: interrupt.signal,
    onRound: async (rows) => {
      progress.step('programs');
      await keep(rows);
    },
  });
}

/**
 * Measures the same workloads in all ways, side by side, and writes the reports that are asked for. What cannot be set
 * up is left out, with a warning that says why; everything that was set up is taken down again, also on SIGINT, SIGTERM
 * and SIGHUP.
 * @throws DfskitError when nothing can be measured or a report cannot be written
 */
export async function compare(options: CompareOptions = {}): Promise<Results> {
  checkNames(options);
  const effort = { ...(options.quick === true ? quickEffort : fullEffort), ...options.effort };
  const files = filesOf(options);
  const left: Warning[] = [];
  const kept = await withCleanUp(
    async (stack) => {
      const places = await setUpPlaces({
        provider: options.provider ?? 'local',
        store: options.store,
        container: options.container,
        ways: options.ways === undefined || options.ways.length === 0 ? ways : options.ways,
        stack,
      });
      const running: Results = {
        format: resultsFormat,
        started: new Date().toISOString(),
        finished: null,
        quick: options.quick === true,
        provider: options.provider ?? 'local',
        machine: await machineFacts(places.base),
        tree: null,
        ways: places.facts,
        rows: [],
        warnings: [],
      };
      const save = async (): Promise<void> => {
        stack.check();
        running.warnings = collectWarnings(running, effort);
        await writeResults(running, files);
      };
      // Before anything is measured: a report that cannot be written should not cost minutes.
      await save();
      const micro = microWorkloads.filter((workload) => chosen(options, workload.name)).length;
      const progress = startProgress(micro * effort.microRounds + effort.applicationRounds);
      stack.defer('end the progress bar', () => progress.stop());
      const session: Session = { options, effort, results: running, places, progress, save };
      await compareMicro(session, stack);
      await compareApplications(session, stack);
      running.finished = new Date().toISOString();
      await save();
      return running;
    },
    (errors) => {
      for (const error of errors) left.push(makeWarning('cleanup', { detail: error.message }));
      for (const error of errors) process.stderr.write(`dfskit: warning: ${error.message}\n`);
    },
  );
  if (left.length > 0) {
    kept.warnings.push(...left);
    await writeResults(kept, files);
  }
  return kept;
}

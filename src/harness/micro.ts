import { emptyCell, type Cell, type Row, type Round } from './results.js';
import type { RoundRunner } from './driver.js';
import { median, pairedRatio, summarize } from './statistics.js';
import { ways, type Way } from './ways.js';
import { opsForRound, roundValue, timeLimit, type Effort, type MicroWorkload } from './workloads.js';

/** The reference of the micro workloads. */
export const microReference: Way = 'dfs';

/** Rounds that are run however long they take: fewer have no median to speak of. */
const fewestRounds = 3;

/** Computes the numbers of a row that follow from its samples. */
export function finishRow(row: Row): void {
  const reference = row.cells[row.reference];
  for (const way of ways) {
    const cell = row.cells[way];
    const samples = cell.samples.filter((sample) => sample !== null);
    const summary = summarize(samples);
    cell.median = summary?.median ?? null;
    cell.spread = summary?.spread ?? null;
    cell.p99 = median(cell.rounds.map((round) => round.latency.p99)) ?? null;
    cell.ratio = pairedRatio(cell.samples.map(orUndefined), reference.samples.map(orUndefined)) ?? null;
  }
}

function orUndefined(sample: number | null): number | undefined {
  return sample ?? undefined;
}

/** The ways in the order of round `round`: each is first, second, … equally often. */
export function turns<T>(all: readonly T[], round: number): T[] {
  const start = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

/** A row with nothing measured; ways without a runner are `missing`. */
export function emptyRow(workload: MicroWorkload, there: ReadonlySet<Way>): Row {
  const cells = Object.fromEntries(
    ways.map((way) => [way, emptyCell(there.has(way) ? 'measured' : 'missing')]),
  ) as Record<Way, Cell>;
  return { group: 'micro', name: workload.name, unit: workload.unit, reference: microReference, cells };
}

/**
 * Runs one workload in all ways, in turn, in many short rounds; so a disturbance of the machine hits all of them.
 * A way that fails is left out of the remaining rounds, and its cell says why.
 * @param onRound called after each round of all ways
 */
export async function runMicro(
  workload: MicroWorkload,
  runners: ReadonlyMap<Way, RoundRunner>,
  effort: Pick<Effort, 'microRounds' | 'microSetups' | 'microSeconds' | 'roundMilliseconds'>,
  onRound: () => void = () => undefined,
): Promise<Row> {
  const row = emptyRow(workload, new Set(runners.keys()));
  const ops = new Map<Way, number>();
  const attempt = async (way: Way, count: number): Promise<Round | undefined> => {
    try {
      return await runners.get(way)?.round(workload.name, count);
    } catch (error) {
      row.cells[way] = emptyCell('failed', error instanceof Error ? error.message : String(error));
      ops.delete(way);
      return undefined;
    }
  };

  const leaveAll = async (): Promise<void> => {
    for (const runner of runners.values()) await runner.leave();
  };

  // The first round warms up; the second tells how many operations fill a round.
  for (const way of runners.keys()) {
    const warm = await attempt(way, workload.minOps);
    const seen = warm === undefined ? undefined : await attempt(way, workload.minOps);
    if (seen !== undefined) ops.set(way, opsForRound(workload, seen, effort.roundMilliseconds));
  }
  const timeIsUp = timeLimit(effort.microSeconds);
  const roundsOfSetup = Math.ceil(effort.microRounds / effort.microSetups);
  for (let round = 0; round < effort.microRounds; round++) {
    if (round >= fewestRounds && timeIsUp()) break;
    if (round > 0 && round % roundsOfSetup === 0) {
      await leaveAll();
      for (const way of [...ops.keys()]) await attempt(way, workload.minOps);
    }
    for (const way of turns([...ops.keys()], round)) {
      const result = await attempt(way, ops.get(way) ?? workload.minOps);
      if (result === undefined) continue;
      const cell = row.cells[way];
      cell.rounds.push(result);
      cell.samples.push(roundValue(workload, result));
    }
    onRound();
  }
  await leaveAll();
  finishRow(row);
  return row;
}

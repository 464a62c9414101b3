import { SingleBar } from 'cli-progress';

/** How far the comparison is. */
export interface Progress {
  /** @param doing what is being measured */
  step(doing: string): void;
  stop(): void;
}

/** A bar on stderr when that is a terminal, otherwise nothing. @param total number of steps */
export function startProgress(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { step: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} % {doing}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { doing: 'setting up' });
  return { step: (doing) => bar.increment(1, { doing }), stop: () => bar.stop() };
}

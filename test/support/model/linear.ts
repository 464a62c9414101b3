/** One call of a process on shared names, with when it was made and answered (counts of one clock). */
export interface Call {
  operation: string;
  answer: string;
  from: number;
  to: number;
}

/** What the words say about which names there are: bit i is name i. `undefined`: it can't have got that answer. */
function step(state: number, operation: string, answer: string): number | undefined {
  const [verb, a = '', b = ''] = operation.split(' ');
  const bit = (name: string): number => 1 << Number(name.slice(1));
  const outcome = (possible: string, next: number): number | undefined =>
    answer === possible ? next : undefined;
  const there = (state & bit(a)) !== 0;
  switch (verb) {
    case 'mkdir':
      return there ? outcome('EEXIST', state) : outcome('ok', state | bit(a));
    case 'rmdir':
      return there ? outcome('ok', state & ~bit(a)) : outcome('ENOENT', state);
    case 'readlink': // a look, without what else stat tells
      return there ? outcome('EINVAL', state) : outcome('ENOENT', state);
    case 'rename': {
      if (!there) return outcome('ENOENT', state);
      const moved = (state & ~bit(a)) | bit(b);
      if (operation.endsWith(' 1'))
        return (state & bit(b)) !== 0 ? outcome('EEXIST', state) : outcome('ok', moved);
      return outcome('ok', moved);
    }
    default:
      throw new Error(operation);
  }
}

/**
 * Is there an order of the calls, each at some moment between when it was made and answered, in which one after the
 * other would get these answers? (Wing and Gong's search, remembering what was tried.)
 */
export function linearizable(processes: readonly (readonly Call[])[]): boolean {
  const tried = new Set<string>();
  const search = (done: number[], state: number): boolean => {
    const key = `${done.join()}:${state}`;
    if (tried.has(key)) return false;
    tried.add(key);
    const next = processes.map((calls, p) => calls[done[p] ?? 0]);
    if (next.every((call) => call === undefined)) return true;
    const firstAnswer = Math.min(...next.map((call) => call?.to ?? Infinity));
    return next.some((call, p) => {
      if (call === undefined || call.from > firstAnswer) return false;
      const after = step(state, call.operation, call.answer);
      return (
        after !== undefined &&
        search(
          done.map((n, i) => (i === p ? n + 1 : n)),
          after,
        )
      );
    });
  };
  return search(
    processes.map(() => 0),
    0,
  );
}

/** What is to be closed once. */
export interface Closable {
  close(): Promise<void>;
}

/**
 * Something open in the addon. It is closed when the calls on it have ended, and what is open in it is closed before.
 * Its wrapper says `closeWhenForgotten`, and must not be referred to from here.
 */
export class Held<Native extends object> implements Closable {
  /** What is open in it. */
  readonly inside = new Set<Closable>();
  readonly #native: Native;
  readonly #release: (native: Native) => Promise<void>;
  readonly #siblings: Set<Closable> | undefined;
  #calls = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /** @param siblings what is open in the same thing */
  constructor(native: Native, release: (native: Native) => Promise<void>, siblings?: Set<Closable>) {
    this.#native = native;
    this.#release = release;
    this.#siblings = siblings;
    siblings?.add(this);
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Runs a call, that closing waits for. Only while it is not closed. */
  async use<T>(work: (native: Native) => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await work(this.#native);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#idle?.();
    }
  }

  /** Closes it once; a second time is the same close. */
  close(): Promise<void> {
    forgotten.unregister(this);
    return (this.#closed ??= this.#end());
  }

  async #end(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.all([...this.inside].map((each) => each.close()));
    try {
      await this.#release(this.#native);
    } finally {
      // Not before: what it is in must not be closed while this is being released.
      this.#siblings?.delete(this);
    }
  }
}

const forgotten = new FinalizationRegistry<Closable>((held) => {
  held.close().catch(() => undefined);
});

/** Closes `held` when its wrapper was collected and nobody had closed it. */
export function closeWhenForgotten(wrapper: object, held: Closable): void {
  forgotten.register(wrapper, held, held);
}

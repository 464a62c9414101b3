import { ReadableStream, WritableStream, type ReadableByteStreamController } from 'node:stream/web';
import type { FileHandle } from './file-handle.js';
import { checkPosition, type Position } from './words.js';

/** Bytes of one read where the reader brings no buffer. */
const defaultChunk = 256 << 10;

export interface ReadableOptions {
  /** First byte; default: 0. */
  start?: Position;
  /** The byte before which it ends; default: the end of the file. */
  end?: Position;
  /** Ends the stream with its reason. */
  signal?: AbortSignal;
  /** Bytes of one read where the reader brings no buffer; default: 256 KiB. */
  chunkSize?: number;
  /** Bytes that are read ahead; default: `chunkSize`. 0: nothing before it is asked for. */
  highWaterMark?: number;
}

export interface WritableOptions {
  /** Where the first byte goes; default: 0. */
  start?: Position;
  /** Each chunk goes to the end of the file, whatever others append. */
  append?: boolean;
  /** Ends the stream with its reason; what was written stays. */
  signal?: AbortSignal;
  /** Bytes that may wait; default: 1 MiB. */
  highWaterMark?: number;
  /** Closing waits until the bytes survive a power cut. */
  sync?: boolean;
}

/** Calls `abort` at most once when the signal says so. @returns how to stop listening */
function listen(signal: AbortSignal | undefined, abort: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => undefined;
  const listener = (): void => abort(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** A file as a byte stream, for readers with and without a buffer of their own. `owned`: its end closes the file. */
export function readableOf(
  open: () => Promise<FileHandle>,
  options: ReadableOptions,
  owned: boolean,
): ReadableStream<Uint8Array> {
  const { signal, chunkSize = defaultChunk, highWaterMark = chunkSize } = options;
  let position = BigInt(checkPosition(options.start ?? 0, 'start'));
  const end = options.end === undefined ? undefined : BigInt(checkPosition(options.end, 'end'));
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) throw new RangeError(`chunkSize is ${chunkSize}`);
  let file: FileHandle | undefined;
  let over = false;
  let deaf = (): void => undefined;
  const finish = async (): Promise<void> => {
    over = true;
    deaf();
    if (owned) await file?.close();
  };
  const room = (bytes: number): number =>
    end === undefined || end - position > bytes ? bytes : Math.max(0, Number(end - position));

  const pull = async (controller: ReadableByteStreamController): Promise<void> => {
    const request = controller.byobRequest;
    const view = request?.view ?? undefined;
    const bytes =
      view === undefined
        ? new Uint8Array(room(chunkSize))
        : new Uint8Array(view.buffer, view.byteOffset, room(view.byteLength));
    const count = bytes.length === 0 ? 0 : await file!.read(bytes, position);
    // Aborted or cancelled meanwhile: nobody wants it.
    if (over) return;
    position += BigInt(count);
    if (count === 0) {
      controller.close();
      request?.respond(0);
      await finish();
    } else if (request) request.respond(count);
    else controller.enqueue(bytes.subarray(0, count));
  };

  return new ReadableStream(
    {
      type: 'bytes',
      autoAllocateChunkSize: chunkSize,
      async start(controller) {
        signal?.throwIfAborted();
        file = await open();
        if (signal?.aborted === true) {
          await finish();
          throw signal.reason;
        }
        deaf = listen(signal, (reason) => {
          controller.error(reason);
          finish().catch(() => undefined);
        });
      },
      async pull(controller) {
        try {
          await pull(controller);
        } catch (error) {
          await finish().catch(() => undefined);
          throw error;
        }
      },
      cancel: finish,
    },
    { highWaterMark },
  );
}

/** A stream into a file. `owned`: its end closes the file. What was written before an abort or error stays. */
export function writableOf(
  open: () => Promise<FileHandle>,
  options: WritableOptions,
  owned: boolean,
): WritableStream<Uint8Array> {
  const { signal, append = false, highWaterMark = 1 << 20, sync = false } = options;
  let position = BigInt(checkPosition(options.start ?? 0, 'start'));
  let file: FileHandle | undefined;
  let deaf = (): void => undefined;
  const finish = async (): Promise<void> => {
    deaf();
    if (owned) await file?.close();
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      await finish().catch(() => undefined);
      throw error;
    }
  };

  return new WritableStream<Uint8Array>(
    {
      async start(controller) {
        signal?.throwIfAborted();
        file = await open();
        if (signal?.aborted === true) {
          await finish();
          throw signal.reason;
        }
        deaf = listen(signal, (reason) => {
          controller.error(reason);
          finish().catch(() => undefined);
        });
      },
      write: (chunk) =>
        attempt(async () => {
          if (!(chunk instanceof Uint8Array)) throw new TypeError('a chunk is no Uint8Array');
          if (append) await file!.append(chunk);
          else await file!.write(chunk, position);
          position += BigInt(chunk.byteLength);
        }),
      close: () =>
        attempt(async () => {
          if (sync) await file!.sync();
          await finish();
        }),
      abort: finish,
    },
    { highWaterMark, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}

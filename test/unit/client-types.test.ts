import type { ReadableStream, WritableStream } from 'node:stream/web';
import { expectTypeOf, it } from 'vitest';
import {
  connect,
  type Dirent,
  type FileHandle,
  type FileSystem,
  type Operation,
  type Position,
  type Stats,
  type WalkEntry,
} from '../../src/dfs/index.js';

// The compiler is the test: `tsc -p tsconfig.test.json` reads this file in lint.

it('names and options have types', () => {
  expectTypeOf(connect).parameter(0).extract<string>().toEqualTypeOf<string>();
  expectTypeOf(connect).returns.resolves.toEqualTypeOf<FileSystem>();
  expectTypeOf<FileSystem['open']>().returns.resolves.toEqualTypeOf<FileHandle>();
  expectTypeOf<FileSystem>().toExtend<AsyncDisposable>();
  expectTypeOf<FileHandle>().toExtend<AsyncDisposable>();
  expectTypeOf<{ create: 'exclusive'; mode: number }>().toExtend<Parameters<FileSystem['open']>[1]>();
  expectTypeOf<{ create: 'wx' }>().not.toExtend<Parameters<FileSystem['open']>[1]>();
  expectTypeOf<'ENOENT'>().not.toExtend<Operation>();
});

it('a file is read as bytes, or with an encoding as a string', () => {
  const read = (fs: FileSystem): unknown[] => [
    expectTypeOf(fs.readFile('/f')).resolves.toEqualTypeOf<Buffer>(),
    expectTypeOf(fs.readFile('/f', { start: 1 })).resolves.toEqualTypeOf<Buffer>(),
    expectTypeOf(fs.readFile('/f', 'utf8')).resolves.toEqualTypeOf<string>(),
    expectTypeOf(fs.readFile('/f', { encoding: 'hex', end: 5n })).resolves.toEqualTypeOf<string>(),
    // @ts-expect-error no such encoding
    fs.readFile('/f', 'utf-9'),
  ];
  expectTypeOf(read).returns.toEqualTypeOf<unknown[]>();
});

it('positions are numbers or bigints, sizes and times bigints', () => {
  expectTypeOf<Position>().toEqualTypeOf<number | bigint>();
  expectTypeOf<FileHandle['read']>().parameters.toEqualTypeOf<[Uint8Array, Position]>();
  expectTypeOf<FileHandle['append']>().returns.resolves.toEqualTypeOf<bigint>();
  expectTypeOf<Stats['size' | 'inode' | 'mtimeNs']>().toEqualTypeOf<bigint>();
  expectTypeOf<Stats['kind']>().toEqualTypeOf<'file' | 'directory' | 'symlink'>();
});

it('directories and trees are iterated, files are streams of bytes', () => {
  expectTypeOf<Awaited<ReturnType<FileSystem['opendir']>>>().toExtend<AsyncIterable<Dirent>>();
  expectTypeOf<ReturnType<FileSystem['walk']>>().toExtend<AsyncIterable<WalkEntry>>();
  expectTypeOf<ReturnType<FileSystem['readable']>>().toEqualTypeOf<ReadableStream<Uint8Array>>();
  expectTypeOf<ReturnType<FileHandle['writable']>>().toEqualTypeOf<WritableStream<Uint8Array>>();
  expectTypeOf<{ how: 'noreplace' }>().toExtend<Parameters<FileSystem['rename']>[2]>();
  expectTypeOf<{ how: 'replace' }>().not.toExtend<Parameters<FileSystem['rename']>[2]>();
});

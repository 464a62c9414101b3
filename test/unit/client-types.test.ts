import type { ReadableStream, WritableStream } from 'node:stream/web';
import { expectTypeOf, it } from 'vitest';
import {
  connect,
  type Copied,
  type CopyError,
  type DfsError,
  type Dirent,
  type FileHandle,
  type FileSystem,
  type Operation,
  type Path,
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

it('names are strings, or with an encoding Buffers, and both are paths', () => {
  const names = (fs: FileSystem, path: Path): unknown[] => [
    expectTypeOf(fs.readdir('/')).resolves.toEqualTypeOf<Dirent[]>(),
    expectTypeOf(fs.readdir(path, { encoding: 'utf8' })).resolves.toEqualTypeOf<Dirent[]>(),
    expectTypeOf(fs.readdir(path, { encoding: 'buffer' })).resolves.toEqualTypeOf<Dirent<Buffer>[]>(),
    expectTypeOf(fs.readlink(path)).resolves.toEqualTypeOf<string>(),
    expectTypeOf(fs.readlink(path, { encoding: 'buffer' })).resolves.toEqualTypeOf<Buffer>(),
    expectTypeOf(fs.realpath(path, { encoding: 'buffer' })).resolves.toEqualTypeOf<Buffer>(),
    expectTypeOf(fs.listXattrs(path, { encoding: 'buffer' })).resolves.toEqualTypeOf<Buffer[]>(),
    expectTypeOf(fs.walk(path)).toExtend<AsyncIterable<WalkEntry>>(),
    expectTypeOf(fs.walk(path, { encoding: 'buffer', maxDepth: 1 })).toExtend<
      AsyncIterable<WalkEntry<Buffer>>
    >(),
    // @ts-expect-error no such encoding of names
    fs.readdir('/', { encoding: 'hex' }),
    // @ts-expect-error a number is no path
    fs.stat(7),
  ];
  expectTypeOf(names).returns.toEqualTypeOf<unknown[]>();
  expectTypeOf<Path>().toEqualTypeOf<string | Uint8Array>();
  expectTypeOf<WalkEntry<Buffer>['path']>().toEqualTypeOf<Buffer>();
  expectTypeOf<DfsError['path']>().toEqualTypeOf<string>();
  expectTypeOf<DfsError['pathBytes']>().toEqualTypeOf<Buffer>();
});

it('copies take paths of both sides, and say what failed', () => {
  expectTypeOf<FileSystem['copyIn']>().parameter(0).toEqualTypeOf<Path>();
  expectTypeOf<FileSystem['copyOut']>().returns.resolves.toEqualTypeOf<Copied>();
  expectTypeOf<{ owners: true; xattrs: false }>().toExtend<Parameters<FileSystem['copyIn']>[2]>();
  expectTypeOf<CopyError>().toExtend<DfsError>();
  expectTypeOf<CopyError['failures'][number]['error']>().toEqualTypeOf<DfsError>();
  expectTypeOf<FileHandle['seekData']>().returns.resolves.toEqualTypeOf<bigint | undefined>();
});

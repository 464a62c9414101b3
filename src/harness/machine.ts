import { readFile } from 'node:fs/promises';
import { arch, cpus, release, totalmem, type as osType } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../paths.js';

/** What the numbers depend on. */
export interface MachineFacts {
  cpu: string;
  /** Logical processors. */
  processors: number;
  /** Bytes. */
  memory: number;
  kernel: string;
  architecture: string;
  glibc: string | null;
  node: string;
  dfskit: string;
  /** Type of the file system that the store and the kernel's column are on: `tmpfs`, `ext4`. */
  fileSystem: string;
}

/** Type of the file system that holds `path` (absolute), from /proc/self/mountinfo; `unknown` where that is not there. */
export async function fileSystemType(path: string): Promise<string> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return typeFromMountinfo(mounts, path);
}

/** The type of the longest mount point that is a parent of `path`; the last one when several are equal. */
export function typeFromMountinfo(mountinfo: string, path: string): string {
  let best = '';
  let type = 'unknown';
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const escaped = before?.split(' ')[4];
    if (escaped === undefined || after === undefined) continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    const inside = point === '/' || path === point || path.startsWith(`${point}/`);
    if (!inside || point.length < best.length) continue;
    best = point;
    type = after.split(' ')[0] ?? 'unknown';
  }
  return type;
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? null;
}

/** @param store directory whose file system is named */
export async function machineFacts(store: string): Promise<MachineFacts> {
  const manifest = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    memory: totalmem(),
    kernel: `${osType()} ${release()}`,
    architecture: arch(),
    glibc: glibcVersion(),
    node: process.version,
    dfskit: manifest.version,
    fileSystem: await fileSystemType(store),
  };
}

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';
import { execute, temporaryDirectory, type Result } from './cli.js';

/** A project that has the package installed, as a user has it. */
export interface Consumer {
  readonly path: string;
  /** Writes a module of JavaScript. @returns its path */
  write(name: string, code: string): string;
  /** Compiles a module of TypeScript, as strictly as can be. @returns the compiler's complaints */
  compile(name: string, code: string): Promise<string>;
  /** Runs a module of JavaScript in node. */
  run(name: string, flags?: string[], env?: NodeJS.ProcessEnv): Promise<Result>;
  remove(): void;
}

/** @param root the package: this one, or a copy with other native parts */
export function makeConsumer(root = packageRoot): Consumer {
  const { path, remove } = temporaryDirectory();
  mkdirSync(join(path, 'node_modules'));
  symlinkSync(root, join(path, 'node_modules/dfskit'));
  symlinkSync(join(packageRoot, 'node_modules/@types'), join(path, 'node_modules/@types'));
  return {
    path,
    remove,
    write(name, code) {
      writeFileSync(join(path, `${name}.mjs`), code);
      return join(path, `${name}.mjs`);
    },
    async compile(name, code) {
      writeFileSync(join(path, `${name}.mts`), code);
      const args = [
        '--strict',
        '--noUncheckedIndexedAccess',
        '--exactOptionalPropertyTypes',
        '--skipLibCheck',
      ];
      args.push('--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable');
      const tsc = join(packageRoot, 'node_modules/.bin/tsc');
      const { status, stdout } = await execute(tsc, [...args, `${name}.mts`], { cwd: path });
      return status === 0 ? '' : `${status}: ${stdout}`;
    },
    run: (name, flags = [], env = {}) =>
      execute(process.execPath, [...flags, join(path, `${name}.mjs`)], { env }),
  };
}

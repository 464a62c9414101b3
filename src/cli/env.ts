import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { environmentText } from '../environment.js';
import { defaultFlavor, flavors, preloadLibrary, prependPreload, type Flavor } from '../flavors.js';
import { DfskitError } from '../errors.js';
import { print } from './output.js';
import { quote } from './quote.js';

/** The launchers whose way to hand variables to the processes of a job we know. */
const launchers = ['slurm', 'mpich', 'openmpi', 'pals'] as const;
type Launcher = (typeof launchers)[number];

/** Words that make `launcher` set `variables` for the processes of a job. */
export function launcherWords(launcher: Launcher, variables: Record<string, string>): string {
  const pairs = Object.entries(variables);
  switch (launcher) {
    case 'slurm':
      // srun hands its own environment on, but the preload would then reach srun too. A value with a
      // comma can't be given this way: srun takes it for the next variable.
      return `--export=ALL,${pairs.map(([name, value]) => `${name}=${quote(value)}`).join(',')}`;
    case 'mpich':
      return pairs.map(([name, value]) => `-genv ${name} ${quote(value)}`).join(' ');
    case 'openmpi':
      return pairs.map(([name, value]) => `-x ${name}=${quote(value)}`).join(' ');
    case 'pals':
      return pairs.map(([name, value]) => `--env ${name}=${quote(value)}`).join(' ');
  }
}

/** `dfskit env`: what a job script needs. */
export function addEnv(dfskit: Command): void {
  dfskit
    .command('env')
    .description('print what a job script needs: eval "$(dfskit env)", or words for a launcher')
    .addOption(new Option('--flavor <flavor>', 'way to the files').choices(flavors).default(defaultFlavor))
    .addOption(new Option('--launcher <launcher>', 'print options of its command instead').choices(launchers))
    .addHelpText('after', () => `\nVariables:\n${environmentText()}`)
    .action(({ flavor, launcher }: { flavor: Flavor; launcher?: Launcher }) => {
      const library = preloadLibrary(flavor);
      if (library !== undefined && !existsSync(library)) {
        throw new DfskitError({
          code: 'NOT_BUILT',
          what: `cannot give the environment of ${flavor}`,
          why: `${library} is missing`,
          remedy: 'build it: npm run setup',
        });
      }
      const variables: Record<string, string> = {};
      for (const name of ['DFSKIT_STORE', 'DFSKIT_PROVIDER', 'DFSKIT_ATTACH', 'DFSKIT_REPORT']) {
        const value = process.env[name];
        if (value !== undefined) variables[name] = value;
      }
      if (library !== undefined) variables['LD_PRELOAD'] = prependPreload(library, process.env['LD_PRELOAD']);
      if (launcher !== undefined) {
        if (Object.keys(variables).length > 0) print(launcherWords(launcher, variables));
        return;
      }
      for (const [name, value] of Object.entries(variables)) print(`export ${name}=${quote(value)}`);
    });
}

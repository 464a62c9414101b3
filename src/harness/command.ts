import { Command, InvalidArgumentError, Option } from 'commander';
import { showUsage } from '../cli/usage.js';
import { jsonExporter } from '../report/json.js';
import { renderTable } from '../report/table.js';
import { compare, workloadNames, type CompareOptions } from './compare.js';
import { hasFailure } from './results.js';
import { ways, type Way } from './ways.js';

interface Parsed {
  quick?: boolean;
  workload?: string[];
  way?: Way[];
  provider: 'local' | 'daos';
  store?: string;
  cont?: string;
  json?: boolean;
  exportJson?: string;
  exportMarkdown?: string;
  exportHtml?: string;
}

function parseWay(text: string): Way {
  const way = ways.find((each) => each === text);
  if (way === undefined) throw new InvalidArgumentError(`It is one of: ${ways.join(', ')}.`);
  return way;
}

function collect<T>(parse: (text: string) => T): (text: string, before?: T[]) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

function makeCommand(dfskit: Command): Command {
  const command = new Command('dfskit compare')
    .copyInheritedSettings(dfskit)
    .description(
      'Measures the same workloads through the kernel, dfs, dfuse, ioil and pil4dfs, side by side.',
    )
    .option('--quick', 'fewer rounds and smaller files')
    .option('--workload <NAME...>', `only these: ${workloadNames.join(', ')}`)
    .option('--way <WAY>', `only this column (several times: several): ${ways.join(', ')}`, collect(parseWay))
    .addOption(
      new Option('--provider <NAME>', 'DFS library that answers').choices(['local', 'daos']).default('local'),
    )
    .option(
      '--store <DIR>',
      'directory of the local store; without it a temporary one, with --cont DFSKIT_STORE',
    )
    .option('--cont <POOL/CONT>', 'container to work in; a temporary one when not given (needed for daos)')
    .option('--json', 'results on standard output as JSON instead of the table')
    .option('--export-json <FILE>', 'write everything, with all samples')
    .option('--export-markdown <FILE>', 'write the table as Markdown')
    .option('--export-html <FILE>', 'write a page with charts that needs nothing else');
  showUsage(command);
  return command;
}

function toOptions(parsed: Parsed): CompareOptions {
  return {
    provider: parsed.provider,
    ...(parsed.quick === undefined ? {} : { quick: parsed.quick }),
    ...(parsed.workload === undefined ? {} : { workloads: parsed.workload }),
    ...(parsed.way === undefined ? {} : { ways: parsed.way }),
    ...(parsed.store === undefined ? {} : { store: parsed.store }),
    ...(parsed.cont === undefined ? {} : { container: parsed.cont }),
    ...(parsed.exportJson === undefined ? {} : { exportJson: parsed.exportJson }),
    ...(parsed.exportMarkdown === undefined ? {} : { exportMarkdown: parsed.exportMarkdown }),
    ...(parsed.exportHtml === undefined ? {} : { exportHtml: parsed.exportHtml }),
  };
}

/**
 * `dfskit compare` with its arguments: measures and prints. The exit status is 1 when the result of a way differed or
 * something failed.
 * @param dfskit the command that it is one of: says how errors of the command line are shown
 * @throws DfskitError when nothing could be measured
 */
export async function compareCommand(dfskit: Command, args: readonly string[]): Promise<void> {
  const command = makeCommand(dfskit);
  command.parse([...args], { from: 'user' });
  const parsed = command.opts<Parsed>();
  const results = await compare(toOptions(parsed));
  process.stdout.write(parsed.json === true ? jsonExporter.render(results) : `${renderTable(results)}\n`);
  if (hasFailure(results)) process.exitCode = 1;
}

import type { Command } from 'commander';
import { parseContainer } from '../dfs/name.js';
import { DfskitError } from '../errors.js';
import { print, printJson } from './output.js';

/** `NAME:VALUE`, as DAOS's own command takes them. */
function parseAttribute(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1)];
  throw new DfskitError({
    code: 'BAD_ATTRIBUTE',
    what: `cannot set ${text}`,
    why: 'not of the form NAME:VALUE',
    remedy: 'example: dfuse-attr-time:60s',
    status: 2,
  });
}

/** `dfskit cont …-attr`: attributes of a container that its users choose. */
export function addContAttributes(cont: Command): void {
  cont
    .command('set-attr')
    .argument('<POOL/CONT>')
    .argument('<NAME:VALUE...>')
    .description('set attributes of a container; dfuse reads some of them')
    .action(async (text: string, attributes: string[]) => {
      const container = parseContainer(text);
      const pairs = attributes.map(parseAttribute);
      const { setUserAttribute } = await import('../dfs/user-attributes.js');
      for (const [name, value] of pairs) await setUserAttribute(container, name, value);
    });

  cont
    .command('get-attr')
    .argument('<POOL/CONT>')
    .argument('[NAME...]')
    .description('read attributes of a container; all of them if none is named')
    .option('--json', 'as a JSON object')
    .action(async (text: string, names: string[], { json }: { json?: true }) => {
      const container = parseContainer(text);
      const { getUserAttribute, listUserAttributes } = await import('../dfs/user-attributes.js');
      const values: Record<string, string> = {};
      for (const name of names.length > 0 ? names : await listUserAttributes(container)) {
        values[name] = (await getUserAttribute(container, name)).toString();
      }
      if (json) printJson(values);
      else for (const [name, value] of Object.entries(values)) print(`${name}:${value}`);
    });

  cont
    .command('list-attrs')
    .argument('<POOL/CONT>')
    .description('list the names of the attributes of a container')
    .option('--json', 'as a JSON array')
    .action(async (text: string, { json }: { json?: true }) => {
      const { listUserAttributes } = await import('../dfs/user-attributes.js');
      const names = await listUserAttributes(parseContainer(text));
      if (json) printJson(names);
      else for (const name of names) print(name);
    });

  cont
    .command('del-attr')
    .argument('<POOL/CONT>')
    .argument('<NAME...>')
    .description('delete attributes of a container')
    .action(async (text: string, names: string[]) => {
      const container = parseContainer(text);
      const { deleteUserAttribute } = await import('../dfs/user-attributes.js');
      for (const name of names) await deleteUserAttribute(container, name);
    });
}

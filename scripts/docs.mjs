#!/usr/bin/env node
// Writes the pages of docs/ that come from tables in src/.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report, root, setup } from './setup.mjs';

await setup().catch(report);
const { environmentMarkdown } = await import('../dist/environment.js');
writeFileSync(join(root, 'docs/environment.md'), environmentMarkdown());

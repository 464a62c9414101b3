import type { Exporter } from './exporter.js';

/** Everything that is known: machine facts, all samples, medians, ratios, warnings. */
export const jsonExporter: Exporter = {
  format: 'json',
  render: (results) => `${JSON.stringify(results, undefined, 2)}\n`,
};

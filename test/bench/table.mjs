// Medians and tables.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const spread = (values, digits = 0) =>
  `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;

/** A Markdown table. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => String(row[column]).length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column === 0 ? String(cell).padEnd(widths[column]) : String(cell).padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** One row of agent against plain restic: medians, the ratio of the medians, and each run's ratio from least to most. */
export function ratioRow(what, agent, plain, limit) {
  const ratio = median(agent) / median(plain);
  const each = agent.map((value, index) => value / plain[index]);
  const verdict = limit === undefined ? '' : ratio <= limit ? `≤ ${limit}` : `over ${limit}`;
  return [
    what,
    median(plain).toFixed(0),
    median(agent).toFixed(0),
    ratio.toFixed(2),
    spread(each, 2),
    verdict,
  ];
}

/**
 * Replaces lines of the bundle in a stack trace by lines of the source files.
 *
 * @param {string} text
 * @param {{ sources: string[], runs: number[] } | undefined} table what the build knows about the bundle
 * @returns {string}
 */
export function sourceLines(text, table) {
  if (!table) {
    return text;
  }
  return text.replace(/\/?\bapp\.js:(\d+)(?::\d+)?/g, (place, line) => find(table, Number(line)) ?? place);
}

/** @param {{ sources: string[], runs: number[] }} table @param {number} line */
function find({ sources, runs }, line) {
  let found;
  for (let at = 0; at < runs.length && runs[at] <= line; at += 3) {
    found = `${sources[runs[at + 1]]}:${runs[at + 2] + line - runs[at]}`;
  }
  return found;
}

// From lines of the bundle to lines of the source files: a source map without its columns.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The lines of a source map in version 3. `runs` has three numbers for each stretch of the bundle
 * whose lines follow each other in one source file: its first line in the bundle, the index of the
 * source file, the first line there. Lines count from 1.
 */
export function lineTable(map) {
  const runs = [];
  let [source, line] = [0, 0];
  map.mappings.split(";").forEach((segments, index) => {
    let first;
    for (const segment of segments ? segments.split(",") : []) {
      const [, bySource = 0, byLine = 0] = decode(segment);
      [source, line] = [source + bySource, line + byLine];
      first ??= [index + 1, source, line + 1];
    }
    const last = runs.at(-1);
    if (first && !(last && last[1] === first[1] && first[0] - last[0] === first[2] - last[2])) {
      runs.push(first);
    }
  });
  return { sources: map.sources, runs: runs.flat() };
}

/** The numbers of one segment, each a base64 VLQ. */
function decode(segment) {
  const numbers = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (!(bits & 32)) {
      numbers.push(value & 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
  }
  return numbers;
}

// As much of the binary format of WebAssembly as it takes to exchange sections of a module.

const HEADER = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const CUSTOM = 0;

/** The sections of a core module: `id`, `content`, and the `name` of those that are custom. */
export function sections(bytes) {
  if (!HEADER.equals(bytes.subarray(0, HEADER.length))) {
    throw new TypeError("this is no core module of WebAssembly");
  }
  const found = [];
  for (let at = HEADER.length; at < bytes.length;) {
    const id = bytes[at];
    const [length, start] = read(bytes, at + 1);
    const content = bytes.subarray(start, start + length);
    found.push({ id, content, name: id === CUSTOM ? nameOf(content) : undefined });
    at = start + length;
  }
  return found;
}

/** The core module of the given sections. */
export function module(parts) {
  return Buffer.concat([
    HEADER,
    ...parts.flatMap(({ id, content }) => [Buffer.from([id, ...write(content.length)]), content]),
  ]);
}

/** A custom section in the form of "producers": fields that have values with versions. */
export function custom(name, fields) {
  const list = (entries, entry) => Buffer.concat([Buffer.from(write(entries.length)), ...entries.flatMap(entry)]);
  const values = (versions) => list(Object.entries(versions), ([value, version]) => [text(value), text(version)]);
  const content = list(Object.entries(fields), ([field, versions]) => [text(field), values(versions)]);
  return { id: CUSTOM, name, content: Buffer.concat([text(name), content]) };
}

function nameOf(content) {
  const [length, start] = read(content, 0);
  return content.subarray(start, start + length).toString();
}

function text(characters) {
  const bytes = Buffer.from(characters);
  return Buffer.concat([Buffer.from(write(bytes.length)), bytes]);
}

/** Reads an unsigned LEB128 number: the number, and the place behind it. */
function read(bytes, at) {
  let [number, factor] = [0, 1];
  for (;;) {
    const byte = bytes[at++];
    number += (byte & 127) * factor;
    if (byte < 128) {
      return [number, at];
    }
    factor *= 128;
  }
}

function write(number) {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) {
    bytes.push((number % 128) | 128);
  }
  return [...bytes, number];
}

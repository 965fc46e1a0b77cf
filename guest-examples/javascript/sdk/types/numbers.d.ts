// Generated from src/numbers.js by TypeScript 6.0.3.
/**
 * A number for the host, which has 32 bits without a sign. The bindings would cut off what does not
 * fit: a limit of 4 GiB would become 0.
 *
 * @template {number | undefined} T
 * @param {string} name what the number is, for the error
 * @param {T} value undefined stays undefined
 * @returns {T}
 */
export function unsigned<T extends number | undefined>(name: string, value: T): T;

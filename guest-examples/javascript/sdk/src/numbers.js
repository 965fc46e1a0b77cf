const MOST = 2 ** 32 - 1;

/**
 * A number for the host, which has 32 bits without a sign. The bindings would cut off what does not
 * fit: a limit of 4 GiB would become 0.
 *
 * @template {number | undefined} T
 * @param {string} name what the number is, for the error
 * @param {T} value undefined stays undefined
 * @returns {T}
 */
export function unsigned(name, value) {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= MOST)) {
    throw new RangeError(`${name} must be a whole number from 0 to ${MOST}, not ${value}`);
  }
  return value;
}

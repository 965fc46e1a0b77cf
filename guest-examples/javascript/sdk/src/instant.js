const TEXT = /^(.+[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?(Z|[+-]\d\d(?::?\d\d)?)$/i;

/**
 * A point in time to the microsecond: a `Date` that keeps the three digits that a `Date` has no
 * room for.
 */
export class Instant extends Date {
  #rest;

  /** @param {bigint} microseconds since 1970-01-01T00:00:00Z */
  constructor(microseconds) {
    const rest = ((microseconds % 1000n) + 1000n) % 1000n;
    super(Number((microseconds - rest) / 1000n));
    if (Number.isNaN(this.getTime())) {
      throw new RangeError(`${microseconds} microseconds since 1970 are beyond what a Date can hold`);
    }
    this.#rest = Number(rest);
  }

  /**
   * The instant of a `Date`, which has milliseconds only.
   *
   * @param {Date} date
   */
  static of(date) {
    if (date instanceof Instant) {
      return date;
    }
    if (Number.isNaN(date.getTime())) {
      throw new TypeError("an invalid Date is no instant");
    }
    return new Instant(BigInt(date.getTime()) * 1000n);
  }

  /**
   * Reads a text like `2026-10-03T14:05:06.000123Z`.
   *
   * @param {string} text
   */
  static from(text) {
    const [, seconds, fraction = "", zone] = TEXT.exec(text) ?? [];
    const milliseconds = seconds === undefined ? NaN : Date.parse(`${seconds.replace(" ", "T")}${zone}`);
    if (Number.isNaN(milliseconds)) {
      throw new TypeError(`${JSON.stringify(text)} is no point in time like 2026-10-03T14:05:06.000123Z`);
    }
    return new Instant(BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(6, "0")));
  }

  /** Microseconds since 1970-01-01T00:00:00Z. */
  get microseconds() {
    return BigInt(this.getTime()) * 1000n + BigInt(this.#rest);
  }

  /** As RFC 3339 writes it, to the microsecond: `2026-10-03T14:05:06.000123Z`. */
  toISOString() {
    return `${super.toISOString().slice(0, -1)}${String(this.#rest).padStart(3, "0")}Z`;
  }
}

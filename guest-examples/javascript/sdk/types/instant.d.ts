// Generated from src/instant.js by TypeScript 6.0.3.
/**
 * A point in time to the microsecond: a `Date` that keeps the three digits that a `Date` has no
 * room for.
 */
export class Instant extends Date {
    /**
     * The instant of a `Date`, which has milliseconds only.
     *
     * @param {Date} date
     */
    static of(date: Date): Instant;
    /**
     * Reads a text like `2026-10-03T14:05:06.000123Z`.
     *
     * @param {string} text
     */
    static from(text: string): Instant;
    /** @param {bigint} microseconds since 1970-01-01T00:00:00Z */
    constructor(microseconds: bigint);
    /** Microseconds since 1970-01-01T00:00:00Z. */
    get microseconds(): bigint;
    #private;
}

// Generated from src/plain.js by TypeScript 6.0.3.
/** A day of the calendar, without a zone. Year 0 is 1 BC. */
export class PlainDate {
    /**
     * Reads a text like `2026-10-03`.
     *
     * @param {string} text
     */
    static from(text: string): PlainDate;
    /**
     * @param {number} year
     * @param {number} month 1 to 12
     * @param {number} day 1 to 31
     */
    constructor(year: number, month: number, day: number);
    year: number;
    month: number;
    day: number;
    /** As ISO 8601 writes it. */
    toString(): string;
    /** As `toString`. */
    toJSON(): string;
}
/** A time of day, without a zone. */
export class PlainTime {
    /**
     * Reads a text like `14:05`, `14:05:06` or `14:05:06.000123`.
     *
     * @param {string} text
     */
    static from(text: string): PlainTime;
    /**
     * @param {number} hour 0 to 24; 24 only as 24:00:00, the end of the day
     * @param {number} [minute]
     * @param {number} [second]
     * @param {number} [microsecond]
     */
    constructor(hour: number, minute?: number, second?: number, microsecond?: number);
    hour: number;
    minute: number;
    second: number;
    microsecond: number;
    /** As ISO 8601 writes it, with a fraction where there is one. */
    toString(): string;
    /** As `toString`. */
    toJSON(): string;
}
/** A date and a time of day without a zone: what a clock on the wall shows. */
export class PlainDateTime {
    /**
     * Reads a text like `2026-10-03T14:05:06`.
     *
     * @param {string} text
     */
    static from(text: string): PlainDateTime;
    /**
     * @param {PlainDate} date
     * @param {PlainTime} time
     */
    constructor(date: PlainDate, time: PlainTime);
    date: PlainDate;
    time: PlainTime;
    /** As ISO 8601 writes it. */
    toString(): string;
    /** As `toString`. */
    toJSON(): string;
}

// Generated from src/decimal.js by TypeScript 6.0.3.
/** An exact decimal number. It keeps its digits and does not calculate. */
export class Decimal {
    /** @param {string | number | bigint} value plain digits, for example `-12.50` */
    constructor(value: string | number | bigint);
    /** The nearest floating-point number. */
    toNumber(): number;
    /** All digits. */
    toString(): string;
    /** All digits, as a text: a number of JSON would lose some. */
    toJSON(): string;
    #private;
}

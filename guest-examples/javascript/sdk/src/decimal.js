const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$|^-?Infinity$|^NaN$/;

/** An exact decimal number. It keeps its digits and does not calculate. */
export class Decimal {
  #text;

  /** @param {string | number | bigint} value plain digits, for example `-12.50` */
  constructor(value) {
    this.#text = String(value);
    if (!PLAIN.test(this.#text)) {
      throw new TypeError(`${JSON.stringify(this.#text)} is no decimal number in plain digits`);
    }
    Object.freeze(this);
  }

  /** The nearest floating-point number. */
  toNumber() {
    return Number(this.#text);
  }

  /** All digits. */
  toString() {
    return this.#text;
  }

  /** All digits, as a text: a number of JSON would lose some. */
  toJSON() {
    return this.#text;
  }
}

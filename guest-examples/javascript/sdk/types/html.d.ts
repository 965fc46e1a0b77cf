// Generated from src/html.js by TypeScript 6.0.3.
/**
 * Markup with values in it: texts are escaped, `Html` is put in as it is, lists are joined, and
 * null, undefined and false leave nothing.
 *
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Html}
 */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Html;
/**
 * Text that is markup already.
 *
 * @param {string} text
 */
export function raw(text: string): Html;
/** Markup. Everything else that `html` puts in becomes text. */
export class Html {
    /** @param {string} markup */
    constructor(markup: string);
    /** The markup. */
    toString(): string;
    #private;
}

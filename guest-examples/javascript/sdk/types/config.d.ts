/**
 * A setting that the operator has made for the app, or undefined.
 *
 * @param {string} key
 * @returns {string | undefined}
 */
export function config(key: string): string | undefined;

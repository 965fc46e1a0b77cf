// Generated from src/config.js by TypeScript 6.0.3.
/**
 * A setting that the operator has made for the app, or undefined.
 *
 * @param {string} key
 * @returns {string | undefined}
 */
export function config(key: string): string | undefined;

// Generated from src/lines.js by TypeScript 6.0.3.
/**
 * Replaces lines of the bundle in a stack trace by lines of the source files.
 *
 * @param {string} text
 * @param {{ sources: string[], runs: number[] } | undefined} table what the build knows about the bundle
 * @returns {string}
 */
export function sourceLines(text: string, table: {
    sources: string[];
    runs: number[];
} | undefined): string;

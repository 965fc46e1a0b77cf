// Generated from src/session.js by TypeScript 6.0.3.
/**
 * The value under a key, or undefined.
 *
 * @param {string} key
 * @returns {string | undefined}
 */
export function get(key: string): string | undefined;
/**
 * Puts a value under a key.
 *
 * @param {string} key
 * @param {string} value
 */
export function set(key: string, value: string): void;
/**
 * Takes a key away.
 *
 * @param {string} key
 */
export function remove(key: string): void;
/** All keys, sorted. */
export function keys(): string[];
/**
 * Adds to the number under a key and returns the sum: a number, or a bigint beyond 2^53.
 *
 * @param {string} key
 * @param {number | bigint} [by]
 */
export function increment(key: string, by?: number | bigint): number | bigint;
/**
 * Puts a value under a key only if the value there is `expected`; undefined: only if there is none.
 *
 * @param {string} key
 * @param {string | undefined} expected
 * @param {string} value
 * @returns {boolean} whether it did
 */
export function compareAndSet(key: string, expected: string | undefined, value: string): boolean;
/**
 * Leaves a message for the visitor, to be shown once.
 *
 * @param {string} message
 */
export function flash(message: string): void;
/** Takes the messages left for the visitor, oldest first. */
export function takeFlash(): string[];
/** Who is signed in, or undefined. */
export function user(): string | undefined;
/**
 * Gives the session a new id and notes who is signed in, at most 200 bytes; undefined: nobody.
 *
 * @param {string} [user]
 */
export function renew(user?: string): void;
/**
 * Changes how long this session lives.
 *
 * @param {{ idleSeconds?: number, absoluteSeconds?: number }} expiry
 */
export function setExpiry({ idleSeconds, absoluteSeconds }: {
    idleSeconds?: number;
    absoluteSeconds?: number;
}): void;
/** Ends the session and everything in it. */
export function destroy(): void;
/**
 * Ends every session in which a user is signed in, and returns how many.
 *
 * @param {string} user
 */
export function destroyAll(user: string): number;
/**
 * The token for a hidden field of a form. It begins a session where the visitor has none.
 *
 * @param {string} [form] the name of the form
 */
export function csrfToken(form?: string): string;
/**
 * Whether a token is the one that `csrfToken` gives this visitor for this form.
 *
 * @param {string} token
 * @param {string} [form]
 */
export function csrfCheck(token: string, form?: string): boolean;
/**
 * The hidden field that proves to `form` that a form is the app's own.
 *
 * @param {string} [form] the name of the form
 */
export function csrfField(form?: string): import("./html.js").Html;
/** The name of the form, for `csrfField` and `form`, where an app does not tell its forms apart. */
export const ANY_FORM: "form";

// Generated from the WIT by jco 1.35.0.
declare module 'innkeeper:storage/session@0.1.0' {
  /**
   * The value under `key`, if there is one.
   */
  export function get(key: string): string | undefined;
  /**
   * Puts a value under `key`, over an older one. Parallel requests of a visitor that set different keys do not disturb each other;
   * for the same key the last one to be kept wins.
   */
  export function set(key: string, value: string): void;
  /**
   * Takes `key` away, if it is there.
   */
  export function remove(key: string): void;
  /**
   * All keys, sorted.
   */
  export function getKeys(): Array<string>;
  /**
   * Adds `by` to the number under `key` (a decimal integer; none counts as 0) and returns the sum.
   * Parallel requests of a visitor are counted one after the other: none is lost. `bad-parameter`
   * where the value is none by now, because another request has changed it, or the sum has more
   * than 64 bits: then the value stays as it is.
   */
  export function increment(key: string, by: bigint): bigint;
  /**
   * Puts `value` under `key` only if the value there is `expected` (none: only if there is none). Returns whether it did.
   */
  export function compareAndSet(key: string, expected: string | undefined, value: string): boolean;
  /**
   * Leaves a message for the visitor, to be shown once, on this page or on the next.
   */
  export function flash(message: string): void;
  /**
   * Takes the messages left for the visitor, oldest first. Each is returned once, even to parallel
   * requests. While the database takes no writes, those of earlier requests wait and are not
   * returned.
   */
  export function takeFlash(): Array<string>;
  /**
   * The user whom `renew` has signed in, if any.
   */
  export function getUser(): string | undefined;
  /**
   * Gives the session a new id and notes who is signed in: call it at every sign-in (with the user's name or id, at most 200 bytes)
   * and whenever the visitor's rights change. Values and messages stay; the old id is dead when the response leaves.
   */
  export function renew(user: string | undefined): void;
  /**
   * Changes how long this session lives: `idle-seconds` after its last use, `absolute-seconds` from now. None: unchanged. A session that may rest for
   * longer than the default outlives the browser: its cookie is set anew, with a `Max-Age` up to the session's last moment ("stay signed in": give
   * both). So call it before the response is set. It holds for the rest of the session's life, `renew` included.
   */
  export function setExpiry(idleSeconds: number | undefined, absoluteSeconds: number | undefined): void;
  /**
   * Ends the session and everything in it. A write after it begins a new one.
   */
  export function destroy(): void;
  /**
   * Ends every session of this app in which `user` is signed in, this one too if so. Returns how many.
   */
  export function destroyAll(user: string): number;
  /**
   * A token to put into a hidden field of a form. `form` is a name of your choice, for example the form's action; the token is good
   * for that form of this visitor until the session is renewed or ends. **Begins a session** where the visitor has none, so
   * do not call it for pages that have no form.
   */
  export function csrfToken(form: string): string;
  /**
   * Whether `token` is the one that `csrf-token` gives this visitor for `form`. Refuse the request if not.
   */
  export function csrfCheck(form: string, token: string): boolean;
  /**
   * # Variants
   * 
   * ## `"unavailable"`
   * 
   * The database cannot be reached. Try again later.
   * ## `"busy"`
   * 
   * Every connection or the write lock stayed taken for too long. Try again later.
   * ## `"timeout"`
   * 
   * ## `"bad-parameter"`
   * 
   * The key is empty or too long, or the value is not what the call needs.
   * ## `"too-large"`
   * 
   * The session would exceed its size.
   * ## `"read-only"`
   * 
   * The database takes no writes at the moment.
   * ## `"closed"`
   * 
   * The response has been set, the unit of work was rolled back as a whole, another request has ended the session, or a page of another origin made the
   * visitor's browser send this request, which begins no session then.
   * ## `"other"`
   */
  export type SessionErrorCode = 'unavailable' | 'busy' | 'timeout' | 'bad-parameter' | 'too-large' | 'read-only' | 'closed' | 'other';
  export interface SessionError {
    code: SessionErrorCode,
    /**
     * For a person to read. Contains no key and no value.
     */
    message: string,
    /**
     * Whether the same request may well succeed if it is made again. Answer with 503.
     */
    retryable: boolean,
  }
}

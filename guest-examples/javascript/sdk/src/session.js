import * as host from "innkeeper:storage/session@0.1.0";

import { calling } from "./errors.js";
import { html } from "./html.js";
import { unsigned } from "./numbers.js";
import { toNumber, toValue } from "./values.js";

/** The name of the form, for `csrfField` and `form`, where an app does not tell its forms apart. */
export const ANY_FORM = "form";

/**
 * The value under a key, or undefined.
 *
 * @param {string} key
 * @returns {string | undefined}
 */
export function get(key) {
  return calling("session", () => host.get(key));
}

/**
 * Puts a value under a key.
 *
 * @param {string} key
 * @param {string} value
 */
export function set(key, value) {
  calling("session", () => host.set(key, value));
}

/**
 * Takes a key away.
 *
 * @param {string} key
 */
export function remove(key) {
  calling("session", () => host.remove(key));
}

/** All keys, sorted. */
export function keys() {
  return calling("session", () => host.getKeys());
}

/**
 * Adds to the number under a key and returns the sum: a number, or a bigint beyond 2^53.
 *
 * @param {string} key
 * @param {number | bigint} [by]
 */
export function increment(key, by = 1) {
  return calling("session", () => toNumber(host.increment(key, by64(by))));
}

/**
 * Puts a value under a key only if the value there is `expected`; undefined: only if there is none.
 *
 * @param {string} key
 * @param {string | undefined} expected
 * @param {string} value
 * @returns {boolean} whether it did
 */
export function compareAndSet(key, expected, value) {
  return calling("session", () => host.compareAndSet(key, expected, value));
}

/**
 * Leaves a message for the visitor, to be shown once.
 *
 * @param {string} message
 */
export function flash(message) {
  calling("session", () => host.flash(message));
}

/** Takes the messages left for the visitor, oldest first. */
export function takeFlash() {
  return calling("session", () => host.takeFlash());
}

/** Who is signed in, or undefined. */
export function user() {
  return calling("session", () => host.getUser());
}

/**
 * Gives the session a new id and notes who is signed in, at most 200 bytes; undefined: nobody.
 *
 * @param {string} [user]
 */
export function renew(user) {
  calling("session", () => host.renew(user));
}

/**
 * Changes how long this session lives.
 *
 * @param {{ idleSeconds?: number, absoluteSeconds?: number }} expiry
 */
export function setExpiry({ idleSeconds, absoluteSeconds }) {
  calling("session", () => host.setExpiry(unsigned("idleSeconds", idleSeconds), unsigned("absoluteSeconds", absoluteSeconds)));
}

/** Ends the session and everything in it. */
export function destroy() {
  calling("session", () => host.destroy());
}

/**
 * Ends every session in which a user is signed in, and returns how many.
 *
 * @param {string} user
 */
export function destroyAll(user) {
  return calling("session", () => host.destroyAll(user));
}

/**
 * The token for a hidden field of a form. It begins a session where the visitor has none.
 *
 * @param {string} [form] the name of the form
 */
export function csrfToken(form = ANY_FORM) {
  return calling("session", () => host.csrfToken(form));
}

/**
 * Whether a token is the one that `csrfToken` gives this visitor for this form.
 *
 * @param {string} token
 * @param {string} [form]
 */
export function csrfCheck(token, form = ANY_FORM) {
  return calling("session", () => host.csrfCheck(form, token));
}

/**
 * The hidden field that proves to `form` that a form is the app's own.
 *
 * @param {string} [form] the name of the form
 */
export function csrfField(form = ANY_FORM) {
  return html`<input type="hidden" name="csrf" value="${csrfToken(form)}">`;
}

/** @param {number | bigint} by @returns {bigint} */
function by64(by) {
  const value = toValue(by);
  if (value.tag !== "integer") {
    throw new RangeError(`${by} is no whole number that is exact`);
  }
  return value.val;
}

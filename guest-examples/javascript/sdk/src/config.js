import * as store from "wasi:config/store@0.2.0-rc.1";

/**
 * A setting that the operator has made for the app, or undefined.
 *
 * @param {string} key
 * @returns {string | undefined}
 */
export function config(key) {
  return store.get(key);
}

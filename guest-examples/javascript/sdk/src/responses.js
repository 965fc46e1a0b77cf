/** @import { Html } from "./html.js" */

/**
 * An answer with a page that no cache may keep.
 *
 * @param {Html | string} content
 * @param {{ status?: number, headers?: Record<string, string> }} [init]
 */
export function page(content, { status = 200, headers = {} } = {}) {
  return new Response(String(content), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

/**
 * After a form: the browser goes on with GET, so that a reload does not send the form again.
 *
 * @param {string} location
 */
export function seeOther(location) {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

// Generated from src/responses.js by TypeScript 6.0.3.
/** @import { Html } from "./html.js" */
/**
 * An answer with a page that no cache may keep.
 *
 * @param {Html | string} content
 * @param {{ status?: number, headers?: Record<string, string> }} [init]
 */
export function page(content: Html | string, { status, headers }?: {
    status?: number;
    headers?: Record<string, string>;
}): Response;
/**
 * After a form: the browser goes on with GET, so that a reload does not send the form again.
 *
 * @param {string} location
 */
export function seeOther(location: string): Response;
import type { Html } from "./html.js";

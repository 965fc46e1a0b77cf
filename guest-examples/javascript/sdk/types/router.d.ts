// Generated from src/router.js by TypeScript 6.0.3.
/**
 * Answers a request; `params` are the parts of the path that the address names.
 *
 * @typedef {(request: Request, params: Record<string, string>) => Response | Promise<Response>} Handler
 */
/**
 * Finds the handler by method and path: `{ "GET /": book, "POST /entries/:id/delete": remove }`.
 * GET answers HEAD too. Throws an `HttpError` with 404, or with 405 and the right methods.
 *
 * @param {Record<string, Handler>} routes
 * @returns {(request: Request) => Response | Promise<Response>}
 */
export function router(routes: Record<string, Handler>): (request: Request) => Response | Promise<Response>;
/**
 * Answers a request; `params` are the parts of the path that the address names.
 */
export type Handler = (request: Request, params: Record<string, string>) => Response | Promise<Response>;

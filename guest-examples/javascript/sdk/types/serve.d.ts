// Generated from src/serve.js by TypeScript 6.0.3.
/**
 * Answers a request: a function, or an object with a function `fetch`, as Hono's apps are.
 *
 * @typedef {(request: Request) => Response | Promise<Response>} Answer
 */
/**
 * Answers a request whose handler has thrown.
 *
 * @typedef {(error: unknown, request: Request) => Response | Promise<Response>} OnError
 */
/**
 * Makes a handler the app's. Call it once.
 *
 * @param {Answer | { fetch: Answer }} handler
 * @param {{ onError?: OnError }} [options] by default that is `failure`
 */
export function serve(handler: Answer | {
    fetch: Answer;
}, { onError }?: {
    onError?: OnError;
}): void;
/**
 * The answer to an error that nobody else has answered: the status that it names, else 500, or 503
 * where the same request may succeed if it is made again. From 500 on nothing of the request is
 * kept, and the error is written to stderr.
 *
 * @param {unknown} error
 * @returns {Response}
 */
export function failure(error: unknown): Response;
/**
 * An error with its stack, in the lines of the source files.
 *
 * @param {unknown} error
 */
export function report(error: unknown): string;
/**
 * Answers a request: a function, or an object with a function `fetch`, as Hono's apps are.
 */
export type Answer = (request: Request) => Response | Promise<Response>;
/**
 * Answers a request whose handler has thrown.
 */
export type OnError = (error: unknown, request: Request) => Response | Promise<Response>;

import { HttpError, InnkeeperError } from "./errors.js";
import { sourceLines } from "./lines.js";

const RETRY_AFTER_SECONDS = 2;
/** No database keeps NUL in a text, so nothing has a name with it. */
const NUL_IN_PATH = /^[^?#]*%00/;

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
export function serve(handler, { onError = failure } = {}) {
  const answer = typeof handler === "function" ? handler : handler.fetch.bind(handler);
  addEventListener("fetch", (event) => {
    const { request, respondWith } = /** @type {any} */ (event);
    respondWith.call(event, answered(answer, request, onError));
  });
}

/**
 * @param {Answer} answer
 * @param {Request} request
 * @param {OnError} onError
 */
async function answered(answer, request, onError) {
  try {
    if (NUL_IN_PATH.test(request.url)) {
      throw new HttpError(404, "There is nothing here.");
    }
    const response = await answer(request);
    if (!(response instanceof Response)) {
      throw new TypeError(
        `the handler returned ${response} for ${request.method} ${request.url}, which is no Response`,
      );
    }
    return response;
  } catch (error) {
    try {
      return await onError(error, request);
    } catch (second) {
      return failure(second);
    }
  }
}

/**
 * The answer to an error that nobody else has answered: the status that it names, else 500, or 503
 * where the same request may succeed if it is made again. From 500 on nothing of the request is
 * kept, and the error is written to stderr.
 *
 * @param {unknown} error
 * @returns {Response}
 */
export function failure(error) {
  const status = error instanceof HttpError || error instanceof InnkeeperError ? error.status : 500;
  if (status >= 500) {
    console.error(report(error));
  }
  const headers = new Headers({ "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  if (status === 503) {
    headers.set("retry-after", String(RETRY_AFTER_SECONDS));
  }
  if (error instanceof HttpError) {
    Object.entries(error.headers).forEach(([name, value]) => headers.set(name, value));
    return new Response(error.message, { status, headers });
  }
  return new Response(message(status), { status, headers });
}

/** @param {number} status */
function message(status) {
  if (status === 503) {
    return "This is in use just now. Please try again.";
  }
  return status >= 500 ? "Something went wrong. Nothing was changed." : "This request cannot be answered.";
}

/**
 * An error with its stack, in the lines of the source files.
 *
 * @param {unknown} error
 */
export function report(error) {
  const table = /** @type {any} */ (globalThis).innkeeperLines;
  const parts = [];
  for (let at = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    const code = at instanceof InnkeeperError ? ` (${at.interface}: ${at.code})` : "";
    const stack = at instanceof Error && at.stack ? `\n${sourceLines(at.stack, table).trimEnd()}` : "";
    parts.push(`${at}${code}${stack}`);
  }
  return parts.join("\ncaused by: ");
}

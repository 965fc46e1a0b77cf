import { HttpError } from "./errors.js";

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
export function router(routes) {
  const table = Object.entries(routes).map(([address, handler]) => {
    const [method, path] = address.split(" ");
    return { methods: method === "GET" ? ["GET", "HEAD"] : [method], parts: path.split("/"), handler };
  });
  return (request) => {
    const path = new URL(request.url).pathname.split("/").map(decoded);
    const found = table.flatMap(({ parts, ...route }) => {
      const params = match(parts, path);
      return params ? [{ ...route, params }] : [];
    });
    const route = found.find(({ methods }) => methods.includes(request.method));
    if (route) {
      return route.handler(request, route.params);
    }
    if (found.length === 0) {
      throw new HttpError(404, "There is nothing here.");
    }
    const allow = found.flatMap(({ methods }) => methods).join(", ");
    throw new HttpError(405, "This address does not take that method.", { headers: { allow } });
  };
}

/** @param {string[]} parts @param {string[]} path @returns {Record<string, string> | undefined} */
function match(parts, path) {
  if (parts.length !== path.length) {
    return undefined;
  }
  /** @type {Record<string, string>} */
  const params = {};
  for (const [index, part] of parts.entries()) {
    const found = path[index];
    if (part.startsWith(":") && found !== "") {
      params[part.slice(1)] = found;
    } else if (part !== found) {
      return undefined;
    }
  }
  return params;
}

/** @param {string} part What is no percent code stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

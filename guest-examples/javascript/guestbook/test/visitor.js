// A visitor of the running app at INNKEEPER_URL, who keeps the cookie of the session.

const url = process.env.INNKEEPER_URL;

export class Visitor {
  #cookie = "";

  /** Asks, without following redirects. */
  async fetch(path, { headers, ...init } = {}) {
    if (!url) {
      throw new Error("INNKEEPER_URL is not set: run the tests with `innkeeper test`");
    }
    const all = { cookie: this.#cookie, "sec-fetch-site": "same-origin", ...headers };
    const response = await fetch(url + path, { redirect: "manual", ...init, headers: all });
    const [cookie] = response.headers.getSetCookie();
    this.#cookie = cookie?.split(";")[0] ?? this.#cookie;
    return response;
  }

  /** The text of a page. */
  async page(path) {
    return (await this.fetch(path)).text();
  }

  /** Sends a form with the token that the page `/` gives. */
  async post(path, fields) {
    const [, csrf] = /name="csrf" value="([^"]*)"/.exec(await this.page("/"));
    return this.fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) });
  }
}

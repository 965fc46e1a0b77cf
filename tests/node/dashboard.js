// Uses the dashboard in a real browser as a person does, and prints what was seen as JSON.
// Arguments: the name of a walk, the host's URL, the token, and what else the walk wants.
import { accessSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const [walk, url, token, ...more] = process.argv.slice(2);
const home = `${url}/_innkeeper/admin/`;
const seen = { problems: [] };

const onPath = process.env.PATH.split(delimiter).map((folder) => join(folder, "chromium"));
const executablePath = onPath.find((file) => {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
});
// The browser's own sandbox does not work for root, as whom containers run.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

async function open(options = {}) {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  const page = await context.newPage();
  // Chromium reports what the policy forbids as an error in its console.
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (403|404|409|413|422|429)/.test(message.text())) {
      seen.problems.push(message.text());
    }
  });
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  return page;
}

async function signIn(page) {
  await page.goto(home);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Apps", exact: true }).waitFor();
}

/** Of a page that has come as a whole: a click waits for its beginning. */
const texts = async (locator) => {
  await locator.page().waitForLoadState();
  return locator.allInnerTexts();
};
const heading = (page) => page.getByRole("heading", { level: 1 }).innerText();

/** The cells of a table's row that begins with this. */
async function row(page, id, first) {
  const rows = page.locator(`[aria-labelledby=${id}] tbody tr`).filter({ has: page.locator("th, td", { hasText: first }) });
  return texts(rows.first().locator("th, td"));
}

const walks = {
  async "sign-in"() {
    const page = await open();
    await page.goto(`${home}ui/limits`);
    seen.sentTo = new URL(page.url()).pathname;
    await page.getByLabel("Token").fill("this is not the token of anybody");
    await page.getByRole("button", { name: "Sign in" }).click();
    seen.wrong = await page.getByRole("alert").innerText();
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    seen.broughtTo = new URL(page.url()).pathname;
    seen.limit = await row(page, "limits", "CPU per request");
    await page.getByRole("link", { name: "Apps", exact: true }).click();
    seen.app = await row(page, "apps", "probe");
    seen.hosts = await texts(page.locator("[aria-labelledby=hosts] tbody tr"));
    await page.getByRole("link", { name: "Audit" }).click();
    seen.audit = await row(page, "audit", "INNKEEPER_ADMIN_TOKEN");
    const cookies = await page.context().cookies();
    seen.cookies = cookies.map(({ name, httpOnly, sameSite, path, expires }) => ({ name, httpOnly, sameSite, path, expires }));
    await page.getByRole("button", { name: "Sign out" }).click();
    seen.signedOut = await heading(page);
    seen.cookiesLeft = (await page.context().cookies()).filter(({ name }) => name.endsWith("_session")).length;
    await page.goBack();
    await page.goto(`${home}ui/limits`);
    seen.afterwards = await heading(page);
  },

  async rollback() {
    const page = await open();
    await signIn(page);
    await page.getByRole("link", { name: "shop", exact: true }).click();
    seen.active = await row(page, "versions", "v2");
    await page.getByRole("link", { name: "Roll back version 1" }).click();
    seen.question = await heading(page);
    seen.consequence = await page.locator("main").innerText();
    await page.getByRole("link", { name: "Cancel" }).click();
    seen.cancelled = await row(page, "versions", "v2");
    await page.getByRole("link", { name: "Roll back", exact: true }).click();
    await page.getByLabel("Note").fill("<b>It is & was \"slow\"</b>");
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    seen.done = await page.getByRole("status").innerText();
    seen.now = await row(page, "versions", "v1");
    seen.history = await row(page, "history", "rolled back");
    await page.getByRole("link", { name: "Activate version 2" }).click();
    seen.forward = await heading(page);
  },

  async force() {
    const page = await open();
    await signIn(page);
    await page.goto(`${home}ui/apps/probe/rollback`);
    seen.consequence = await page.locator("main").innerText();
    const button = page.getByRole("button", { name: "Roll back to version 2" });
    await button.click();
    seen.stillAsked = await heading(page);
    await page.getByRole("checkbox").check();
    await button.click();
    seen.done = await page.getByRole("status").innerText();
  },

  async deploy() {
    const [component, notWasm] = more;
    const page = await open();
    await signIn(page);
    await page.getByRole("link", { name: "shop", exact: true }).click();
    await page.getByRole("link", { name: "Deploy", exact: true }).click();
    await page.getByLabel("Component").setInputFiles(notWasm);
    await page.getByLabel("Note").fill("kept while it is tried again");
    await page.getByRole("button", { name: "Deploy" }).click();
    seen.refused = await page.getByRole("alert").innerText();
    seen.kept = await page.getByLabel("Note").inputValue();
    await page.getByLabel("Component").setInputFiles(component);
    await page.getByRole("button", { name: "Deploy" }).click();
    await page.getByRole("status").waitFor();
    seen.done = await page.getByRole("status").innerText();
    seen.version = await row(page, "versions", "v2");
    await page.getByRole("link", { name: "Apps", exact: true }).first().click();
    await page.getByRole("link", { name: "New app" }).click();
    await page.getByLabel("Name").fill("second");
    await page.getByLabel("Component").setInputFiles(component);
    await page.getByRole("button", { name: "Deploy" }).click();
    await page.getByRole("status").waitFor();
    seen.second = await heading(page);
  },

  async canary() {
    const [component] = more;
    const page = await open();
    await signIn(page);
    const begin = async (percent) => {
      await page.goto(`${home}ui/apps/shop/deploy`);
      await page.getByLabel("Component").setInputFiles(component);
      await page.getByLabel("Canary").fill(percent);
      await page.getByRole("button", { name: "Deploy" }).click();
      await page.getByRole("status").waitFor();
      return page.getByRole("status").innerText();
    };
    seen.begun = await begin("25");
    seen.sides = await texts(page.locator(".versus h3"));
    await page.getByRole("link", { name: "Abort the canary" }).click();
    await page.getByRole("button", { name: "Abort the canary of version 2" }).click();
    seen.aborted = await page.getByRole("status").innerText();
    seen.isOver = (await page.locator(".versus").count()) === 0;
    seen.again = await begin("50");
    await page.getByRole("link", { name: "Promote version" }).click();
    seen.question = await page.locator("main").innerText();
    await page.getByRole("button", { name: "Promote version" }).click();
    seen.promoted = await page.getByRole("status").innerText();
  },

  /** Other sites, frames and scripts of an app on the same origin. */
  async strangers() {
    const [other] = more;
    const page = await open({ javaScriptEnabled: true });
    await signIn(page);
    const target = `${home}ui/apps/shop/rollback`;
    const post = (action) => `(() => { const form = document.createElement("form"); form.method = "post"; form.action = ${JSON.stringify(action)};
      form.innerHTML = '<input name=version value=1><input name=instead-of value=2><input name=csrf value=guessed>'; document.body.append(form); form.submit(); })()`;
    const answer = async (from, action) => {
      await page.goto(from);
      const [response] = await Promise.all([page.waitForResponse((one) => one.request().method() === "POST"), page.evaluate(post(action))]);
      await page.waitForLoadState();
      return { status: response.status(), text: await page.locator("body").innerText() };
    };
    // Another site: `localhost` is another one than 127.0.0.1. The cookie does not even come.
    seen.site = await answer(other, target);
    // An app of the same origin, with the cookie.
    seen.app = await answer(`${url}/`, target);
    await page.goto(`${url}/`);
    seen.fetched = await page.evaluate(async (address) => {
      const answer = await fetch(address);
      return { status: answer.status, leaks: (await answer.text()).includes("csrf") };
    }, `${home}ui/apps/shop`);
    seen.framed = await page.evaluate(async (address) => {
      const frame = document.createElement("iframe");
      frame.src = address;
      const loaded = new Promise((done) => (frame.onload = done));
      document.body.append(frame);
      await loaded;
      try { return frame.contentDocument?.body.innerText ?? "nothing"; } catch { return "nothing"; }
    }, `${home}ui/apps/shop`);
    const openFromHere = () => page.evaluate(async (address) => {
      const opened = window.open(address);
      for (let tries = 0; tries < 40 && opened && !opened.closed; tries++) {
        await new Promise((done) => setTimeout(done, 50));
        try { if (opened.document.body?.innerText.includes("Versions")) return "read"; } catch { return "severed"; }
      }
      return "severed";
    }, `${home}ui/apps/shop`);
    seen.opened = await openFromHere();
    // Two pages of one origin that both ask for it stay in one group of windows, and can reach each other.
    const policy = "cross-origin-opener-policy";
    const steps = [{ op: "respond", status: 200, headers: [["content-type", "text/html"], [policy, "same-origin"]] }];
    const answered = await page.goto(`${url}/probe/x?steps=${encodeURIComponent(JSON.stringify(steps))}`);
    seen.policy = answered.headers()[policy];
    seen.openedByPolicy = await openFromHere();
    // A form for a token that the page of an app makes.
    await page.evaluate((address) => {
      document.cookie = "innkeeper-admin_sign-in=AAAAAAAAAAAAAAAAAAAAAA; path=/_innkeeper/";
      const form = document.createElement("form");
      form.method = "post";
      form.action = address;
      form.innerHTML = "<input name=token value=another><input name=key value=x>";
      document.body.append(form);
      form.submit();
    }, `${home}ui/sign-in`);
    await page.waitForURL("**/sign-in");
    // The session is still good.
    await page.goto(`${home}ui/apps/shop`);
    seen.active = await row(page, "versions", "v2");
    seen.signedInAs = await page.locator(".who > span").innerText();
    seen.problems = [];
  },

  /** From the sign-in to a rollback without a mouse. */
  async keyboard() {
    const page = await open({ javaScriptEnabled: true });
    await page.goto(home);
    const focused = () => page.evaluate(() => {
      const { activeElement: element } = document;
      const style = getComputedStyle(element);
      return { name: element.getAttribute("aria-label") ?? element.innerText?.trim() ?? "", id: element.id, type: element.type ?? "", outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    const tabTo = async (is) => {
      for (let tabs = 0; tabs < 80; tabs++) {
        await page.keyboard.press("Tab");
        const element = await focused();
        if (!element.outline) seen.problems.push(`no visible focus: ${JSON.stringify(element)}`);
        if (is(element)) return;
      }
      throw new Error(`cannot be reached by the keyboard: ${is}`);
    };
    const enter = () => Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    await tabTo((element) => element.id === "token");
    await page.keyboard.type(token);
    await enter();
    await page.keyboard.press("Tab");
    seen.first = (await focused()).name;
    await page.keyboard.press("Enter");
    seen.skippedTo = await page.evaluate(() => document.activeElement.id);
    await tabTo((element) => element.name === "shop");
    await enter();
    await tabTo((element) => element.name === "Roll back");
    await enter();
    await tabTo((element) => element.id === "note");
    await page.keyboard.type("by keyboard");
    await tabTo((element) => element.name === "Roll back to version 1");
    await enter();
    seen.done = await page.getByRole("status").innerText();
    await tabTo((element) => element.name === "Sign out").catch(async () => {});
    await page.goto(home);
    await tabTo((element) => element.name === "Sign out");
    await enter();
    seen.end = await heading(page);
  },

  /** What axe finds on each page in a colour scheme, on a desk and on a phone. */
  async looks() {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const pages = ["", "?find=x", "ui/apps/shop", "ui/apps/shop?request=none", "ui/apps/shop/rollback", "ui/apps/shop/deploy", "ui/deploy", "ui/apps/canary/promote", "ui/apps/canary", "ui/limits", "ui/audit", "ui/apps/missing"];
    seen.found = [];
    seen.wide = [];
    seen.looked = 0;
    const [colorScheme, folder] = more;
    for (const width of [1280, 360]) {
      const page = await open({ javaScriptEnabled: true, colorScheme, viewport: { width, height: 800 } });
      const look = async (name) => {
        const scrolls = await page.evaluate(() => document.documentElement.scrollWidth);
        if (scrolls > width) seen.wide.push(`${name} at ${width}: ${scrolls}`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => axe.run());
        for (const { id, impact, nodes } of violations) seen.found.push(`${name} ${colorScheme} ${width}: ${impact} ${id} ${nodes[0].html}`);
        seen.looked++;
      };
      await page.goto(home);
      await look("sign-in");
      await signIn(page);
      for (const name of pages) {
        await page.goto(home + name);
        if (folder) await page.screenshot({ path: `${folder}/${name.replace(/\W+/g, "-") || "overview"}-${colorScheme}-${width}.png`, fullPage: true });
        await look(name);
      }
      await page.context().close();
    }
  },

  async figures() {
    const page = await open();
    await signIn(page);
    const hour = async (app) => {
      await page.goto(`${home}ui/apps/${app}`);
      await page.getByText("These figures as a table").click();
      const rows = await page.locator("details tbody tr").all();
      const cells = await Promise.all(rows.map((one) => texts(one.locator("td"))));
      return cells.map((line) => line.slice(0, 4).map(Number)).reduce((sum, line) => sum.map((value, at) => value + line[at]), [0, 0, 0, 0]);
    };
    seen.probe = await hour("probe");
    seen.hostile = await hour("hostile");
    await page.goto(home);
    seen.overview = await row(page, "apps", "probe");
  },

  async log() {
    const [requestId] = more;
    const page = await open();
    await signIn(page);
    await page.goto(`${home}ui/apps/probe`);
    seen.all = await texts(page.locator(".log li .text"));
    await page.getByLabel("Request id").fill(requestId);
    await page.getByRole("button", { name: "Filter" }).click();
    seen.ofRequest = await texts(page.locator(".log li .text"));
    seen.linked = new URL(await page.locator(".log li a").first().getAttribute("href"), page.url()).searchParams.get("request");
    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByLabel("Show").selectOption("warn");
    await page.getByRole("button", { name: "Filter" }).click();
    seen.grave = await texts(page.locator(".log li .text"));
    await page.getByLabel("Show").selectOption("failed");
    await page.getByRole("button", { name: "Filter" }).click();
    seen.failed = await texts(page.locator(".log li .text"));
    await page.getByRole("link", { name: "Auto-refresh" }).click();
    seen.stillFiltered = new URL(page.url()).searchParams.get("level");
  },
};

try {
  await walks[walk]();
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}

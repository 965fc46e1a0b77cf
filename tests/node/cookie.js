// Prints what a jar as strict as a browser makes of a `Set-Cookie` header that came from an address, and which
// of the further addresses it sends the cookie to.
import { CookieJar } from "tough-cookie";

const [header, from, ...to] = process.argv.slice(2);
const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
let cookie = null;
try {
  cookie = jar.setCookieSync(header, from);
} catch (error) {
  console.error(error.message);
}
const sent = to.filter((url) => jar.getCookiesSync(url).length > 0);
console.log(JSON.stringify({ cookie, sent }));

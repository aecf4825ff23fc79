// A page of another origin uses the server over grpc-web; a page of an origin that was not allowed can't.
// `node grpcweb.mjs SERVER PORT`: the pages are on that port of 127.0.0.1, which is allowed, and of
// localhost, which is not.

import assert from "node:assert/strict";
import { openPage, screenshot, withBrowser } from "./browser.mjs";

const [server, port] = process.argv.slice(2);
const EMAIL = "mara@example.com";
const PASSWORD = "correct horse battery";

await withBrowser(async (browser) => {
  const { page, seen } = await visit(browser, "127.0.0.1");
  await comeIn(page);
  const image = await uploadAndTurn(page);
  await watchMessageByMessage(page, image);
  await screenshot(page, "grpcweb");
  assert.deepEqual(seen.errors, []);
  await failures(page);
  await refusedOrigin(browser, page);
});

async function visit(browser, host) {
  const opened = await openPage(browser, `http://${host}:${port}/`);
  await opened.page.evaluate((server) => window.atalaya.open(server), server);
  return opened;
}

async function comeIn(page) {
  const { made, own } = await run(page, "signUpAndLogIn", EMAIL, PASSWORD);
  assert.equal(made, own);
}

async function uploadAndTurn(page) {
  const image = await run(page, "upload", 1600, 1200);
  assert.ok(image.same, "an image comes back byte for byte");
  const states = await run(page, "rotateAndWatch", image.id, 90);
  assert.deepEqual([states.at(-1).state, states.at(-1).end], ["SUCCEEDED", true]);

  const turned = await run(page, "download", image.id);
  assert.deepEqual(turned.pixels, [1200, 1600]);
  assert.equal(turned.size, turned.said);
  assert.ok(turned.chunks > 1, `${turned.chunks} chunks`);
  // Counter-clockwise: what was at the top right is at the top left, and what was there is below.
  assert.ok(turned.topLeft[0] > 150 && turned.topLeft[2] < 80, `red, not ${turned.topLeft}`);
  assert.ok(turned.bottomLeft[2] > 150 && turned.bottomLeft[0] < 80, `blue, not ${turned.bottomLeft}`);
  return image.id;
}

// The cancel is sent only when the first message is there: had the messages been held back until the
// stream's end, the task would have succeeded.
async function watchMessageByMessage(page, image) {
  const states = await run(page, "cancelAtFirstMessage", image);
  assert.ok(["QUEUED", "RUNNING"].includes(states.at(0)), states.join());
  assert.equal(states.at(-1), "CANCELLED", states.join());
}

async function failures(page) {
  const stranger = "4f6f2a6e-3c3d-4a43-8d55-0d6b8b0c9a10";
  const table = [
    ["images", "getImage", { id: stranger }, "NotFound", "IMAGE_NOT_FOUND"],
    ["images", "downloadImage", { id: stranger }, "NotFound", "IMAGE_NOT_FOUND"],
    ["images", "getImage", { id: "no-uuid" }, "InvalidArgument", "ID_INVALID"],
    ["sessions", "createSession", { email: EMAIL, password: PASSWORD }, "PermissionDenied", "ALREADY_AUTHENTICATED"],
  ];
  for (const [service, method, request, code, reason] of table) {
    const { message, ...failed } = await run(page, "failure", service, method, request);
    assert.deepEqual(failed, { code, domain: "atalaya", reason });
    assert.ok(message, `${reason} says something to people`);
  }
}

async function refusedOrigin(browser, allowed) {
  const { page, seen } = await visit(browser, "localhost");
  const email = "eve@example.com";
  const failed = await run(page, "failure", "accounts", "signUp", { email, name: "Eve", password: PASSWORD });
  assert.equal(failed.reason, undefined);
  assert.match(failed.message, /Failed to fetch/);
  assert.ok(seen.errors.some((error) => error.includes("blocked by CORS policy")), seen.errors.join("\n"));
  // Not only its answer was kept from the page: the call was never made.
  await allowed.evaluate(() => window.atalaya.forget());
  const login = await run(allowed, "failure", "sessions", "createSession", { email, password: PASSWORD });
  assert.equal(login.reason, "CREDENTIALS_INVALID");
}

// Calls one of the page's functions.
function run(page, name, ...args) {
  return page.evaluate(([name, args]) => window.atalaya[name](...args), [name, args]);
}

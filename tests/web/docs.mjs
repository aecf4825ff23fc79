// The documentation page works in a browser that can reach nothing but the server: `node docs.mjs SERVER`.

import assert from "node:assert/strict";
import { openPage, screenshot, withBrowser } from "./browser.mjs";

const [server] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const document = await (await fetch(`${server}/api/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path)).length;
  assert.ok(operations > 0);

  for (const address of [`${server}/api/docs`, `${server}/api/docs/`]) {
    const { page, seen } = await openPage(browser, address);
    await page.locator(".opblock").nth(operations - 1).waitFor();
    assert.equal(await page.locator(".opblock").count(), operations);
    await unfold(page);
    await screenshot(page, "docs");
    assert.deepEqual(seen.errors, []);
    const foreign = seen.requests.filter((request) => !request.startsWith(`${server}/`) && !request.startsWith("data:"));
    assert.deepEqual(foreign, []);
  }
});

// Opens the first operation and lets the page itself call it.
async function unfold(page) {
  const operation = page.locator(".opblock", { hasText: "/api/v1/healthcheck/" }).first();
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = operation.locator(".live-responses-table .response-col_status").last();
  await answer.filter({ hasText: "200" }).waitFor();
}

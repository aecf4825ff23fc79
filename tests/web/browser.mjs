// Debian's Chromium, headless, and what a page did in it that nobody sees.

import { join } from "node:path";
import { chromium } from "playwright-core";

// Without these the browser talks to its maker at every start.
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

// Runs `act` with a browser and closes it, whatever happens.
export async function withBrowser(act) {
  // Chromium's own sandbox refuses root, as which CI runs; the pages are ours.
  const sandbox = process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...QUIET, ...sandbox] });
  try {
    await act(browser);
  } finally {
    await browser.close();
  }
}

// Opens a page and keeps a list of all that went wrong in it and of every address it asked.
export async function openPage(browser, address) {
  const page = await browser.newPage();
  const seen = { errors: [], requests: [] };
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("requestfailed", (request) => seen.errors.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (answer) => answer.status() >= 400 && seen.errors.push(`${answer.url()}: ${answer.status()}`));
  page.on("request", (request) => seen.requests.push(request.url()));
  await page.goto(address);
  return { page, seen };
}

// For a person: leaves pictures in the folder that ATALAYA_SCREENSHOTS names, if it names one.
export async function screenshot(page, name) {
  const folder = process.env.ATALAYA_SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

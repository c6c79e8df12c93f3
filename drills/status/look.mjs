// Opens pages in a browser that is already installed, and says what a reader sees: `node drills/status/look.mjs < orders.json`.
//
// In:  {"browser": path, "views": [{"name", "url", "width", "height", "dark", "mobile", "picture": path}]}
// Out: {"views": [{"name", "status", "title", "text", "rows": [[region, state, since]], "updated", "saysOld",
//       "background", "overflows", "complaints": [], "requests": []}]}
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../embedded_cloud/', import.meta.url))('playwright-core');

async function read(stream) {
  let text = '';
  for await (const piece of stream) text += piece;
  return JSON.parse(text);
}

// Runs in the page.
function seen() {
  const old = document.getElementById('old');
  const texts = (row) => [...row.children].map((cell) => cell.innerText.trim());
  const root = document.documentElement;
  return {
    title: document.title,
    text: document.body.innerText,
    rows: [...document.querySelectorAll('tbody tr')].map(texts),
    updated: document.getElementById('updated')?.dateTime ?? null,
    saysOld: old !== null && old.getClientRects().length > 0,
    background: getComputedStyle(document.body).backgroundColor,
    overflows: root.scrollWidth > root.clientWidth,
  };
}

async function look(browser, view) {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.dark ? 'dark' : 'light',
    isMobile: view.mobile,
    hasTouch: view.mobile,
    deviceScaleFactor: view.mobile ? 2 : 1,
  });
  const complaints = [];
  const requests = [];
  const page = await context.newPage();
  page.on('console', (said) => ['error', 'warning'].includes(said.type()) && complaints.push(said.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('request', (request) => requests.push(request.url()));
  const answer = await page.goto(view.url, { waitUntil: 'load', timeout: 60000 });
  const found = await page.evaluate(seen);
  await page.screenshot({ path: view.picture, fullPage: true });
  await context.close();
  return { name: view.name, status: answer.status(), ...found, complaints, requests };
}

const orders = await read(process.stdin);
const browser = await chromium.launch({
  executablePath: orders.browser,
  // Chromium's sandbox refuses to work for root, as which containers and CI often run.
  chromiumSandbox: process.getuid?.() !== 0,
  args: ['--disable-background-networking', '--disable-gpu'],
});
try {
  const views = [];
  for (const view of orders.views) views.push(await look(browser, view));
  process.stdout.write(JSON.stringify({ views }));
} finally {
  await browser.close();
}

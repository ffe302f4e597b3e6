// A headless Chromium that takes orders: one JSON object a line on stdin, one answer a line on stdout.
// node driver.mjs FOLDER, where FOLDER is the .browser that `make setup-test` fills.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const folder = process.argv[2];
const unpacked = join(folder, "chromium");
const { chromium } = createRequire(join(folder, "package.json"))("playwright-core");

const browser = await chromium.launch({
  executablePath: join(unpacked, "chromium"),
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  env: {
    ...process.env,
    LD_LIBRARY_PATH: join(unpacked, "al2023", "lib"),
    FONTCONFIG_PATH: join(unpacked, "fonts"),
  },
});
const errors = [];
let page;

async function open({ url, width, height }) {
  await page?.context().close();
  page = await (await browser.newContext({ viewport: { width, height } })).newPage();
  page.setDefaultTimeout(300_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
}

const run = (script) => (0, eval)(script);
const orders = {
  open,
  resize: ({ width, height }) => page.setViewportSize({ width, height }),
  evaluate: ({ script, argument }) => page.evaluate(run(script), argument),
  wait: ({ script, argument }) => page.waitForFunction(run(script), argument),
  click: ({ selector }) => page.click(selector),
  fill: ({ selector, text }) => page.fill(selector, text),
  screenshot: ({ path }) => page.screenshot({ path }),
  errors: () => errors,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...details } = JSON.parse(line);
  let answer;
  try {
    const result = await orders[order](details);
    answer = { result: ["evaluate", "errors"].includes(order) ? result : null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();

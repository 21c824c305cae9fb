import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Generous for a busy machine; what a person waits for takes milliseconds. */
const ACTION_TIMEOUT_MS = 10_000;

/** Debian's Chromium, or the one that CHROMIUM_BIN names. */
export const launchBrowser = (more: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium',
    // A container's root has no user namespaces for the browser's sandbox; only pages of this machine are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...more],
  });

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Everything the page should not have caused: policy violations, script errors, error lines of the console. */
  readonly faults: string[];
}

/** A page in a context of its own that writes down its faults. */
export async function openWatched(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_TIMEOUT_MS);
  const faults: string[] = [];
  await page.exposeFunction('reportViolation', (text: string) => faults.push(`policy: ${text}`));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => reportViolation(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))`,
  );
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    // The browser itself notes each answer above 399 and each cut connection; tests that cause those expect them.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      faults.push(`console: ${message.text()}`);
    }
  });
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

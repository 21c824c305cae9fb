import type { Locator, Page } from 'playwright-core';

/** What a person does on the admin page, by what they see; the same against the stand-in and the real daemon. */
export interface AdminPage {
  readonly page: Page;
  /** The sentence read first. */
  health(): Promise<string>;
  planCard(planName: string): Locator;
  /** Presses the button; answers when the daemon took it. */
  backUpNow(planName: string): Promise<void>;
  pause(planName: string): Promise<void>;
  resume(planName: string): Promise<void>;
  runningJobs(): Locator;
  requestCard(code: string): Locator;
  /** The command that the page tells to type for a request. */
  requestCommand(code: string): Promise<string>;
  decline(code: string): Promise<void>;
  openSnapshots(): Promise<void>;
  snapshotRows(): Locator;
  /** On a snapshot's page. @returns the command to type */
  prepareRestore(): Promise<string>;
  openJobs(): Promise<void>;
  jobRows(): Locator;
}

export function adminPage(page: Page): AdminPage {
  const planCard = (planName: string) => page.locator(`[data-plan=${JSON.stringify(planName)}]`);
  const requestCard = (code: string) => page.locator(`[data-request=${JSON.stringify(code)}]`);
  const press = (scope: Locator | Page, name: RegExp) => scope.getByRole('button', { name }).click();
  const commandIn = (scope: Locator) => scope.locator('.command code').first().innerText();
  const follow = async (name: string) => {
    const nav = page.getByRole('navigation', { name: 'Pages' });
    await nav.getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };
  return {
    page,
    health: () => page.locator('#health').innerText(),
    planCard,
    backUpNow: (planName) => press(planCard(planName), /^Back up now/),
    pause: (planName) => press(planCard(planName), /^Pause/),
    resume: (planName) => press(planCard(planName), /^Resume/),
    runningJobs: () => page.locator('[data-job]'),
    requestCard,
    requestCommand: (code) => commandIn(requestCard(code)),
    decline: (code) => press(requestCard(code), /^Decline/),
    openSnapshots: () => follow('Snapshots'),
    snapshotRows: () => page.getByRole('list', { name: /^Snapshots/ }).getByRole('listitem'),
    async prepareRestore() {
      await press(page, /^Prepare restore/);
      return commandIn(page.locator('[data-prepared]'));
    },
    openJobs: () => follow('Jobs'),
    jobRows: () => page.getByRole('list', { name: /^Jobs/ }).getByRole('listitem'),
  };
}

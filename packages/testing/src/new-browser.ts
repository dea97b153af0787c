import { existsSync } from 'node:fs';
import { afterAll } from '@jest/globals';
import type { Browser, ConsoleMessage, Page } from 'playwright-core';

export type { Locator, Page } from 'playwright-core';

/** How long the browser may take to start, and a page to show what a test waits for. */
const PATIENCE_MS = 90_000;

const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export interface TestPage {
  readonly page: Page;
  /**
   * What the page complained of: console errors, uncaught errors, violations of its policy. But for what the browser notes of
   * requests to the cluster that are refused for a while: those the client makes again.
   */
  readonly complaints: string[];
}

export interface TestBrowser {
  /** A page of a new, empty profile: another person's browser. */
  newPage(options?: { width?: number; height?: number; colorScheme?: 'light' | 'dark' }): Promise<TestPage>;
  /** Everybody leaves. */
  closePages(): Promise<void>;
}

/** Starts the system's Chromium without a window, asked for at the top level of a test file; it ends with the file. */
export async function newBrowser(): Promise<TestBrowser> {
  const executablePath = CHROMIUM_PATHS.find((path) => existsSync(path));
  if (!executablePath) throw new Error('no Chromium: install the package chromium');
  // More than a second of work, which most test files can do without.
  const { chromium } = await import('playwright-core');
  let browser: Browser | undefined;
  afterAll(() => browser?.close());
  browser = await chromium.launch({
    executablePath,
    timeout: PATIENCE_MS,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  const launched = browser;
  return {
    async newPage({ width = 1_100, height = 760, colorScheme = 'light' } = {}) {
      const context = await launched.newContext({
        viewport: { width, height },
        colorScheme,
        // What moves is in another place, and of another colour, than where a test looks.
        reducedMotion: 'reduce',
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRefusedForAWhile(message)) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      return { page, complaints };
    },
    async closePages() {
      await Promise.all(launched.contexts().map((context) => context.close()));
    },
  };
}

function isRefusedForAWhile(message: ConsoleMessage): boolean {
  const isOfTheCluster = /^https?:\/\/[^/]+\/(api|socket\.io)\//.test(message.location().url);
  return isOfTheCluster && /^Failed to load resource: .*\b503\b/.test(message.text());
}

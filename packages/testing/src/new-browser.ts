import { existsSync } from 'node:fs';
import type { ConsoleMessage, Page } from 'playwright-core';
import { atFileEnd } from './at-file-end.ts';

export type { Locator, Page } from 'playwright-core';

/** How long the browser may take to start, and a page to show what a test waits for. */
const TIMEOUT_MS = 90_000;

const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export interface TestPage {
  readonly page: Page;
  /**
   * Console errors, uncaught errors and violations of the content security policy. Excludes the browser's messages about replies
   * with 503, because the client repeats these requests.
   */
  readonly errors: string[];
}

export interface TestBrowser {
  /** Opens a page in a new, empty profile, like another person's browser. */
  newPage(options?: { width?: number; height?: number; colorScheme?: 'light' | 'dark' }): Promise<TestPage>;
  /** Closes the pages of every profile. */
  closePages(): Promise<void>;
}

/** Starts the system's Chromium without a window for one test file. It ends with the file. */
export async function newBrowser(): Promise<TestBrowser> {
  const executablePath = CHROMIUM_PATHS.find((path) => existsSync(path));
  if (!executablePath) throw new Error('Chromium is not installed: install the package chromium');
  // Imported on first use, because it takes more than a second to load and most test files do not need it.
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath,
    timeout: TIMEOUT_MS,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  atFileEnd(() => browser.close());
  return {
    async newPage({ width = 1_100, height = 760, colorScheme = 'light' } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        // During an animation, an element does not have the position and colour that a test expects.
        reducedMotion: 'reduce',
      });
      context.setDefaultTimeout(TIMEOUT_MS);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' && !isUnavailableReply(message)) errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      return { page, errors };
    },
    async closePages() {
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
  };
}

function isUnavailableReply(message: ConsoleMessage): boolean {
  const isFromCluster = /^https?:\/\/[^/]+\/(api|socket\.io)\//.test(message.location().url);
  return isFromCluster && /^Failed to load resource: .*\b503\b/.test(message.text());
}

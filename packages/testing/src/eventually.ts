/** Long, because a shared machine may pause for seconds. Returns as soon as the condition holds. */
const TIMEOUT_MS = 60_000;

/**
 * Calls `check` every `everyMs` until it does not throw, and returns its result. Rejects with its last error after `withinMs`. Use
 * conditions that stay true: a slow machine may miss a state that lasts for a moment.
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = TIMEOUT_MS, everyMs = 20): Promise<T> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= endsAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

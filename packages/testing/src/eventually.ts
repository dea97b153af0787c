/** Generous: a condition that is met costs nothing of it, and a machine that tests share may stand still for seconds. */
const PATIENCE_MS = 60_000;

/**
 * Waits until `check` returns without throwing, looking again every `everyMs`; then gives what it returned. Fails
 * with the check's last error after `withinMs`. Check what stays true once it is: what holds for a moment only may be over
 * before a slow machine looks.
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = PATIENCE_MS, everyMs = 20): Promise<T> {
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

/**
 * Waits until `check` returns without throwing, looking again every `everyMs`; then gives what it returned. Fails
 * with the check's last error after `withinMs`.
 */
export async function eventually<T>(check: () => T | Promise<T>, withinMs = 10_000, everyMs = 20): Promise<T> {
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

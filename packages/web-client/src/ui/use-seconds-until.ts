import { useEffect, useState } from 'react';

/** Returns the full seconds until a time of the local clock, counting down to 0. */
export function useSecondsUntil(atMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now);
  const leftMs = Math.max(0, atMs - nowMs);
  useEffect(() => {
    if (atMs <= Date.now()) return;
    setNowMs(Date.now());
    const timer = setInterval(() => {
      setNowMs(Date.now());
      if (Date.now() >= atMs) clearInterval(timer);
    }, 1_000);
    return () => clearInterval(timer);
  }, [atMs]);
  return Math.ceil(leftMs / 1_000);
}

// How long to wait before the next attempt. Pure; chance is an argument.
// An ambulance tablet must be back at once when the network is: the first attempt after a failure is
// immediate, the pause never exceeds a second, and jitter keeps a fleet from knocking in step.

const PAUSES = [0, 250, 500, 1000] as const;

/** Longest pause, milliseconds; a server's Retry-After counts up to this. */
export const LONGEST_PAUSE = 1000;

/**
 * Milliseconds to wait before the next attempt. `failures`: failures in a row, from 1; `random`: in [0, 1);
 * `asked`: milliseconds the server asked for, if it did.
 */
export function pause(failures: number, random: number, asked: number | null = null): number {
  const step = PAUSES[Math.min(Math.max(failures, 1), PAUSES.length) - 1] ?? LONGEST_PAUSE;
  const jittered = step * (0.5 + random / 2);
  return asked === null ? jittered : Math.min(Math.max(jittered, asked), LONGEST_PAUSE);
}

/** Milliseconds in a Retry-After header of seconds; null when there is none or it is a date. */
export function retryAfter(header: string | null): number | null {
  if (header === null || !/^\d+(\.\d+)?$/.test(header.trim())) return null;
  return Number(header) * 1000;
}

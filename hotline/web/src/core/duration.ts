// Durations in digits. Pure.

/** Time left as m:ss, from an hour on as h:mm:ss; never negative. `ms`: milliseconds. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  if (hours === 0) return `${String(minutes)}:${seconds}`;
  return `${String(hours)}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** Time of day as HH:MM:SS on the wall clock of this place. `unixMs`: Unix milliseconds. */
export function timeOfDay(unixMs: number): string {
  const date = new Date(unixMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** Distance as people say it: metres to the nearest ten below a kilometre, then kilometres. */
export function distance(metres: number): string {
  if (metres < 995) return `${String(metres < 100 ? Math.round(metres) : Math.round(metres / 10) * 10)} m`;
  return `${(metres / 1000).toFixed(1)} km`;
}

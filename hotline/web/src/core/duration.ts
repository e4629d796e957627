// Durations, times of day and distances in digits. Pure.

/** Time left as m:ss, from an hour on as h:mm:ss; never negative. `ms`: milliseconds. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  if (hours === 0) return `${String(minutes)}:${seconds}`;
  return `${String(hours)}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** Korea has one time zone, and the cameras burn its time into their pictures: so does every page say it. */
const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Seoul",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Time of day in Korea as HH:MM:SS. `unixMs`: Unix milliseconds. */
export function timeOfDay(unixMs: number): string {
  return CLOCK.format(unixMs);
}

/** Time of day in Korea as HH:MM, for what began a while ago. `unixMs`: Unix milliseconds. */
export function hourAndMinute(unixMs: number): string {
  return timeOfDay(unixMs).slice(0, 5);
}

const DAY = new Intl.DateTimeFormat("en-US", { timeZone: "Asia/Seoul", month: "2-digit", day: "2-digit" });

/** Day and time of day in Korea as MM-DD HH:MM, for what may be of another day. `unixMs`: Unix milliseconds. */
export function dayAndMinute(unixMs: number): string {
  return `${DAY.format(unixMs).replace("/", "-")} ${hourAndMinute(unixMs)}`;
}

/** Distance as people say it: metres to the nearest ten below a kilometre, then kilometres. */
export function distance(metres: number): string {
  if (metres < 995) return `${String(metres < 100 ? Math.round(metres) : Math.round(metres / 10) * 10)} m`;
  const km = metres / 1000;
  return `${km >= 10 ? String(Math.round(km)) : km.toFixed(1).replace(/\.0$/, "")} km`;
}

import { expect, test } from "vitest";
import { Turns } from "../src/core/turns.js";

test("no more than so many at once, the first first, also after one that fails", async () => {
  const turns = new Turns(2);
  const ends: ((failed?: boolean) => void)[] = [];
  const begun: number[] = [];
  const done: number[] = [];
  const all = [0, 1, 2, 3, 4].map(async (number) =>
    turns
      .take(
        async () =>
          new Promise<void>((resolve, reject) => {
            begun.push(number);
            ends[number] = (failed = false) => {
              if (failed) reject(new Error("no"));
              else resolve();
            };
          }),
      )
      .then(
        () => done.push(number),
        () => done.push(-number),
      ),
  );
  await tick();
  expect(begun).toEqual([0, 1]);
  ends[1]?.(true);
  await tick();
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  ends[2]?.();
  await tick();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  ends[3]?.();
  ends[4]?.();
  await Promise.all(all);
  expect(done).toEqual([-1, 0, 2, 3, 4]);
});

async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Result } from "../src/core/api.js";
import type { IssuedToken } from "../src/core/model.js";
import { RenewingToken } from "../src/core/token.js";

const LIFE = 600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 24) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A service that gives numbered tokens, or fails when told so. */
function service(skew = 0) {
  const state = { asked: 0, failing: false };
  const serverNow = (): number => Date.now() + skew;
  const issue = async (): Promise<Result<IssuedToken>> => {
    state.asked += 1;
    if (state.failing) return { status: "unreachable" };
    const expires_at = new Date(serverNow() + LIFE).toISOString();
    return { status: "success", value: { token: `t${String(state.asked)}`, expires_at } };
  };
  return { state, token: new RenewingToken(issue, serverNow) };
}

describe("token", () => {
  test("is asked for once, however many want it", async () => {
    const { state, token } = service();
    expect(await Promise.all([token.get(), token.get(), token.get()])).toEqual(["t1", "t1", "t1"]);
    expect(await token.get()).toBe("t1");
    expect(state.asked).toBe(1);
    token.dispose();
  });

  test("is renewed before it expires, without being asked for", async () => {
    const { state, token } = service();
    await token.get();
    await vi.advanceTimersByTimeAsync(LIFE * 0.8 - 1);
    expect(state.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.asked).toBe(2);
    expect(await token.get()).toBe("t2");
    token.dispose();
  });

  test("a tablet whose clock is an hour off renews at the same time", async () => {
    for (const skew of [-3_600_000, 3_600_000]) {
      const { state, token } = service(skew);
      await token.get();
      await vi.advanceTimersByTimeAsync(LIFE * 0.8 - 1);
      expect(state.asked).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(state.asked).toBe(2);
      token.dispose();
    }
  });

  test("is asked for again when what it is for has changed", async () => {
    const { state, token } = service();
    const first = token.get();
    const again = token.again();
    expect(await first).toBe("t1");
    await again;
    expect(state.asked).toBe(2);
    expect(await token.get()).toBe("t2");
    token.dispose();
  });

  test("that was refused is not handed out again", async () => {
    const { token } = service();
    const first = await token.get();
    token.refused(first ?? "");
    expect(await token.get()).toBe("t2");
    token.refused("t1"); // somebody is late
    expect(await token.get()).toBe("t2");
    token.dispose();
  });

  test("a failure is tried again, but the service is left alone meanwhile", async () => {
    const { state, token } = service();
    state.failing = true;
    expect(await token.get()).toBeNull();
    expect(await token.get()).toBeNull();
    expect(state.asked).toBe(1);
    state.failing = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(await token.get()).toBe("t2");
    token.dispose();
  });

  test("renewing that fails leaves the token as long as it is good", async () => {
    const { state, token } = service();
    await token.get();
    state.failing = true;
    await vi.advanceTimersByTimeAsync(LIFE * 0.8 + 1000);
    expect(await token.get()).toBe("t1");
    state.failing = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(await token.get()).not.toBe("t1");
    token.dispose();
  });

  test("after its end nothing is asked any more", async () => {
    const { state, token } = service();
    await token.get();
    token.dispose();
    await vi.advanceTimersByTimeAsync(LIFE * 2);
    expect(await token.get()).toBeNull();
    expect(state.asked).toBe(1);
  });
});

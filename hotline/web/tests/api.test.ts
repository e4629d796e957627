import { describe, expect, test } from "vitest";
import { Api } from "../src/core/api.js";

const SESSION = {
  user: { id: "p1", username: "op", name: "이서연", role: "operator", unit: null },
  csrf: "secret",
};

/** Answers in turn, and what was asked. */
function answering(...answers: (Response | Error)[]) {
  const asked: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const api = new Api(async (input, init) => {
    const request = new Request(
      new URL(input instanceof Request ? input.url : input, "http://hotline.test"),
      init,
    );
    const text = await request.text();
    asked.push({
      url: new URL(request.url).pathname,
      method: request.method,
      headers: request.headers,
      body: text === "" ? null : JSON.parse(text),
    });
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new TypeError("no more answers");
    return answer;
  });
  return { api, asked };
}

const json = (body: unknown, status = 200, type = "application/json"): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });

describe("api", () => {
  test("unsafe requests carry the session's CSRF token, safe ones do not", async () => {
    const { api, asked } = answering(json(SESSION), json({}), json({}));
    await api.session();
    await api.city();
    await api.end("s/1");
    expect(asked.map(({ headers }) => headers.get("X-CSRF-Token"))).toEqual([null, null, "secret"]);
    expect(asked[2]).toMatchObject({ url: "/api/shares/s%2F1/end", method: "POST" });
  });

  test("what makes something carries its idempotency key", async () => {
    const { api, asked } = answering(json({}, 201));
    await api.report({ kind: "fire", latitude: 37.6, longitude: 126.7 }, "key-1");
    expect(asked[0]?.headers.get("Idempotency-Key")).toBe("key-1");
    expect(asked[0]?.body).toEqual({ kind: "fire", latitude: 37.6, longitude: 126.7 });
  });

  test("a problem comes back with its fields", async () => {
    const errors = [{ field: "units", message: "choose one", message_ko: "고르세요" }];
    const problem = { type: "about:blank", title: "Bad", status: 422, errors };
    const { api } = answering(json(problem, 422, "application/problem+json"));
    expect(await api.units()).toEqual({ status: "problem", problem });
  });

  test("a refusal in any other form still has its status", async () => {
    const { api } = answering(
      new Response("<html>", { status: 502, statusText: "Bad Gateway" }),
      new Response("{", { status: 500, headers: { "Content-Type": "application/json" } }),
    );
    expect(await api.units()).toMatchObject({
      status: "problem",
      problem: { status: 502, title: "Bad Gateway" },
    });
    expect(await api.units()).toMatchObject({ status: "problem", problem: { status: 500 } });
  });

  test("no network, and an answer that breaks off, are unreachable", async () => {
    const { api } = answering(new TypeError("fetch failed"), new Response("{", { status: 200 }));
    expect(await api.city()).toEqual({ status: "unreachable" });
    expect(await api.city()).toEqual({ status: "unreachable" });
  });

  test("who gave up himself is told so", async () => {
    const ended = new AbortController();
    ended.abort();
    const { api } = answering(new DOMException("aborted", "AbortError"));
    expect(await api.session(ended.signal)).toEqual({ status: "aborted" });
  });

  test("signing out has no body to read", async () => {
    const { api } = answering(new Response(null, { status: 204 }));
    expect(await api.signOut()).toEqual({ status: "success", value: undefined });
  });
});

// The event stream against a real HTTP server: reconnecting, the watchdog, and one stream for two tabs. The two
// "tabs" live in one process; locks and channels between them are the platform's own.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventStream, type StreamStatus } from "../src/core/event-stream.js";
import { SharedEvents } from "../src/core/events.js";
import type { ServerEvent } from "../src/core/sse.js";

class EventServer {
  readonly server: Server;
  readonly open = new Set<ServerResponse>();
  readonly lastEventIds: (string | undefined)[] = [];
  status = 200;
  #id = 0;

  constructor() {
    this.server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const { "last-event-id": last } = request.headers;
      this.lastEventIds.push(Array.isArray(last) ? last[0] : last);
      response.writeHead(this.status, { "Content-Type": "text/event-stream" });
      if (this.status !== 200) {
        response.end();
        return;
      }
      this.open.add(response);
      response.on("close", () => this.open.delete(response));
      this.send("snapshot", "{}", response);
    });
  }

  get url(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port, not on a pipe
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/api/events`;
  }

  send(type: string, data: string, only?: ServerResponse): void {
    this.#id += 1;
    for (const response of only === undefined ? this.open : [only]) {
      response.write(`id: ${String(this.#id)}\nevent: ${type}\ndata: ${data}\n\n`);
    }
  }

  hangUp(): void {
    for (const response of this.open) response.destroy();
  }
}

/** A tab's ears. */
class Tab {
  readonly events: ServerEvent[] = [];
  readonly statuses: StreamStatus[] = [];
  readonly onEvent = (event: ServerEvent): void => void this.events.push(event);
  readonly onStatus = (status: StreamStatus): void => void this.statuses.push(status);

  heard(data: string): boolean {
    return this.events.some((event) => event.data === data);
  }
}

let server: EventServer;
const closing: { close(): void }[] = [];

beforeEach(async () => {
  server = new EventServer();
  await new Promise<void>((resolve) => {
    server.server.listen(0, "127.0.0.1", resolve);
  });
});

afterEach(async () => {
  for (const each of closing.splice(0)) each.close();
  server.hangUp();
  await new Promise((resolve) => {
    server.server.close(resolve);
    server.server.closeAllConnections();
  });
});

function stream(tab: Tab): EventStream {
  const opened = new EventStream({ url: server.url, onEvent: tab.onEvent, onStatus: tab.onStatus });
  closing.push(opened);
  return opened;
}

function shared(tab: Tab, catchUp: () => readonly ServerEvent[] = () => []): SharedEvents {
  const name = `events of ${server.url}`;
  const opened = new SharedEvents({
    url: server.url,
    name,
    onEvent: tab.onEvent,
    onStatus: tab.onStatus,
    catchUp,
  });
  closing.push(opened);
  return opened;
}

const soon = { timeout: 3000, interval: 10 };

describe("one connection", () => {
  test("comes back at once when it breaks, with the id of the last event", async () => {
    const tab = new Tab();
    stream(tab);
    await vi.waitFor(() => expect(tab.events).toHaveLength(1), soon);
    const began = performance.now();
    server.hangUp();
    await vi.waitFor(() => expect(tab.events).toHaveLength(2), soon);
    expect(performance.now() - began).toBeLessThan(250);
    expect(server.lastEventIds).toEqual([undefined, "1"]);
    expect(tab.statuses).toEqual(["connecting", "open", "down", "connecting", "open"]);
  });

  test("that says nothing for three seconds is given up", async () => {
    const tab = new Tab();
    stream(tab);
    await vi.waitFor(() => expect(server.lastEventIds).toHaveLength(2), { timeout: 5000, interval: 20 });
    expect(tab.statuses).toContain("down");
  });

  test("that is refused is the end: nobody is signed in", async () => {
    server.status = 401;
    const tab = new Tab();
    stream(tab);
    await vi.waitFor(() => expect(tab.statuses).toEqual(["connecting", "signed_out"]), soon);
    expect(server.lastEventIds).toHaveLength(1);
  });

  test("ends with `bye`", async () => {
    const tab = new Tab();
    stream(tab);
    await vi.waitFor(() => expect(tab.events).toHaveLength(1), soon);
    server.send("bye", "{}");
    await vi.waitFor(() => expect(tab.statuses.at(-1)).toBe("signed_out"), soon);
    await vi.waitFor(() => expect(server.open.size).toBe(0), soon);
  });

  test("a server that is busy is asked again", async () => {
    server.status = 503;
    const tab = new Tab();
    stream(tab);
    await vi.waitFor(() => expect(server.lastEventIds.length).toBeGreaterThan(2), soon);
    server.status = 200;
    await vi.waitFor(() => expect(tab.statuses.at(-1)).toBe("open"), soon);
  });
});

describe("two tabs", () => {
  test("share one connection, and the second one begins with what the first knows", async () => {
    const [first, second] = [new Tab(), new Tab()];
    shared(first, () => [{ type: "snapshot", data: "what I know", id: "" }]);
    await vi.waitFor(() => expect(first.events).toHaveLength(1), soon);
    shared(second);
    await vi.waitFor(() => expect(second.heard("what I know")).toBe(true), soon);
    server.send("feeds", "for both");
    await vi.waitFor(() => expect(first.heard("for both") && second.heard("for both")).toBe(true), soon);
    expect(second.statuses).toContain("open");
    expect(server.lastEventIds).toHaveLength(1);
  });

  test("when the first closes, the second has a connection at once", async () => {
    const [first, second] = [new Tab(), new Tab()];
    const leading = shared(first);
    await vi.waitFor(() => expect(first.events).toHaveLength(1), soon);
    shared(second);
    leading.close();
    await vi.waitFor(() => expect(server.lastEventIds).toHaveLength(2), soon);
    server.send("feeds", "afterwards");
    await vi.waitFor(() => expect(second.heard("afterwards")).toBe(true), soon);
    expect(first.heard("afterwards")).toBe(false);
  });

  test("a leader that falls silent is stood in for, and stood down for when it speaks again", async () => {
    // A frozen tab: it holds the lock and says nothing.
    const name = `events of ${server.url}`;
    const thaw = new AbortController();
    const held = navigator.locks.request(name, async () => {
      await new Promise((resolve) => {
        thaw.signal.addEventListener("abort", resolve);
      });
    });
    const tab = new Tab();
    shared(tab);
    await vi.waitFor(() => expect(server.open.size).toBe(1), { timeout: 5000, interval: 20 });
    const channel = new BroadcastChannel(name);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    channel.postMessage({ kind: "event", event: { type: "feeds", data: "I am back", id: "" } });
    await vi.waitFor(() => expect(tab.heard("I am back")).toBe(true), soon);
    await vi.waitFor(() => expect(server.open.size).toBe(0), soon);
    channel.close();
    thaw.abort();
    await held;
    await vi.waitFor(() => expect(server.open.size).toBe(1), soon); // and leads when the lock is free
  });
});

import { describe, expect, test } from "vitest";
import { EventParser } from "../src/core/sse.js";

const STREAM =
  ': hello\n\nid: a-1\nevent: snapshot\ndata: {"shares":[]}\n\nid: a-2\r\nevent: feeds\r\ndata: one\r\ndata: two\r\n\r\ndata:bare\r\r';
const EVENTS = [
  { type: "snapshot", data: '{"shares":[]}', id: "a-1" },
  { type: "feeds", data: "one\ntwo", id: "a-2" },
  { type: "message", data: "bare", id: "a-2" },
];

describe("event stream", () => {
  test("lines end in LF, CRLF or CR", () => {
    // A CR at the very end may be half of CRLF: the event is complete with the next character.
    expect(new EventParser().push(`${STREAM}:`)).toEqual(EVENTS);
  });

  test("cut anywhere, it is the same", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new EventParser();
      const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(`${STREAM.slice(cut)}:`)];
      expect(events, `cut at ${String(cut)}`).toEqual(EVENTS);
    }
  });

  test("one character at a time, too", () => {
    const parser = new EventParser();
    expect(Array.from(`${STREAM}:`).flatMap((character) => parser.push(character))).toEqual(EVENTS);
  });

  test("an event without data is none; its id counts", () => {
    const parser = new EventParser();
    expect(parser.push("id: 7\nevent: feeds\n\n")).toEqual([]);
    expect(parser.lastEventId).toBe("7");
    expect(parser.push("data: x\n\n")).toEqual([{ type: "message", data: "x", id: "7" }]);
  });

  test("unknown fields and ids with NUL are ignored", () => {
    const parser = new EventParser();
    expect(parser.push("retry: 10\nid: a\0b\nwhatever\ndata: x\n\n")).toEqual([
      { type: "message", data: "x", id: "" },
    ]);
  });

  test("an event without end is given up", () => {
    const parser = new EventParser();
    const part = "x".repeat(1024 * 1024);
    parser.push(`data: ${part}`);
    parser.push(part);
    parser.push(part);
    expect(() => parser.push(part)).toThrow(RangeError);
  });
});

// The text of an event stream to events (HTML standard, 9.2.6 "Interpreting an event stream"). Pure.
// EventSource itself is no use here: it hides the status, cannot be asked to retry at once, and a new one
// cannot send Last-Event-ID.

export interface ServerEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string;
}

/** An event may not be larger than this, characters: a stream that never ends a line must not eat the memory. */
const LARGEST = 4 * 1024 * 1024;

export class EventParser {
  #rest = "";
  #data: string[] = [];
  #type = "";
  #size = 0;
  /** Id of the newest event, to be sent as Last-Event-ID. */
  lastEventId = "";

  /** Events completed by `text`. Throws RangeError when an event grows beyond 4 Mi characters. */
  push(text: string): ServerEvent[] {
    this.#rest += text;
    this.#size += text.length;
    if (this.#size > LARGEST) throw new RangeError("event too large");
    const events: ServerEvent[] = [];
    // A lone CR at the very end may be the first half of CRLF: it waits.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.lastEventId = value;
    return null;
  }

  #dispatch(): ServerEvent | null {
    const data = this.#data;
    const type = this.#type || "message";
    this.#data = [];
    this.#type = "";
    this.#size = this.#rest.length;
    return data.length === 0 ? null : { type, data: data.join("\n"), id: this.lastEventId };
  }
}

import { describe, expect, it } from "vitest";
import { Hold } from "../src/core/hold.js";

/** Commands in the order they left; answered by hand. */
class Camera {
  readonly said: string[] = [];
  refuse = false;
  #answers: (() => void)[] = [];

  held(name: string): { again: () => Promise<boolean>; stop: () => Promise<void> } {
    return {
      again: () => this.#send(name).then(() => !this.refuse),
      stop: () => this.#send("stop"),
    };
  }

  async answer(): Promise<void> {
    this.#answers.shift()?.();
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }

  #send(name: string): Promise<void> {
    this.said.push(name);
    return new Promise((done) => this.#answers.push(done));
  }
}

const atOnce = (): Promise<void> => Promise.resolve();

describe("Hold", () => {
  it("repeats while it is held and stops once when let go", async () => {
    const camera = new Camera();
    const hold = new Hold(atOnce);
    hold.begin(camera.held("left"));
    await camera.answer();
    expect(camera.said[0]).toBe("left");
    await camera.answer();
    hold.end();
    await camera.answer();
    await camera.answer();
    await camera.answer();
    expect(camera.said.filter((each) => each === "stop")).toEqual(["stop"]);
    expect(camera.said.at(-1)).toBe("stop");
    expect(camera.said.filter((each) => each === "left").length).toBeGreaterThan(1);
  });

  it("does not let the stop overtake a command that is under way", async () => {
    const camera = new Camera();
    const hold = new Hold(atOnce);
    hold.begin(camera.held("left"));
    await Promise.resolve();
    hold.end();
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(camera.said).toEqual(["left"]);
    await camera.answer();
    expect(camera.said).toEqual(["left", "stop"]);
  });

  it("sends nothing when it was let go of at once", async () => {
    const camera = new Camera();
    const hold = new Hold(atOnce);
    hold.begin(camera.held("left"));
    hold.end();
    await camera.answer();
    expect(camera.said).toEqual([]);
  });

  it("goes from one direction to the next with a stop between", async () => {
    const camera = new Camera();
    const hold = new Hold(atOnce);
    hold.begin(camera.held("left"));
    await Promise.resolve();
    hold.begin(camera.held("up"));
    await camera.answer();
    await camera.answer();
    expect(camera.said.slice(0, 3)).toEqual(["left", "stop", "up"]);
    hold.end();
    await camera.answer();
    await camera.answer();
  });

  it("ends where it is refused", async () => {
    const camera = new Camera();
    camera.refuse = true;
    const hold = new Hold(atOnce);
    hold.begin(camera.held("left"));
    await camera.answer();
    await camera.answer();
    expect(camera.said).toEqual(["left"]);
    expect(hold.active).toBe(false);
  });
});

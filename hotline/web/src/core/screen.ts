// What hangs behind the glass of a tile: the video element that is shown and, while another stream is on its
// way, the one that will be. The old picture stays until the new one has shown the picture of now, so that a
// change of connection passes neither through black nor through the past. Reports every picture shown; judges
// none.

import { Opening, SETTLED } from "./opening.js";

export interface ShownFrame {
  /** When it was shown (monotonic milliseconds). */
  readonly at: number;
  /** Its RTP time (90 kHz, 32 bits); null where the browser does not tell. */
  readonly rtp: number | null;
}

export interface ScreenEvents {
  /** A picture of the shown stream; `first`: the first of that stream. */
  readonly onFrame: (frame: ShownFrame, first: boolean) => void;
  /** The browser does not play without being touched. */
  readonly onBlocked: () => void;
}

/** Not to be seen, and yet drawn: of what is not drawn at all, browsers do not tell which picture it shows. */
const UNSEEN = "0.01";

export class Screen {
  readonly #container: HTMLElement;
  readonly #events: ScreenEvents;
  #front: HTMLVideoElement | null = null;
  #back: HTMLVideoElement | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(container: HTMLElement, events: ScreenEvents) {
    this.#container = container;
    this.#events = events;
  }

  /** The stream whose picture is shown; null before the first. */
  get stream(): MediaProvider | null {
    return this.#front?.srcObject ?? null;
  }

  /** Shows `stream` as soon as its first picture is there. Repeating the same stream does nothing. */
  show(stream: MediaStream): void {
    if ((this.#back ?? this.#front)?.srcObject === stream) return;
    clearTimeout(this.#settling);
    remove(this.#back);
    this.#back = null;
    if (this.#front?.srcObject === stream) return; // back to what is shown still
    const video = document.createElement("video");
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
    video.tabIndex = -1;
    video.setAttribute("aria-hidden", "true");
    video.srcObject = stream;
    video.style.opacity = UNSEEN;
    this.#container.prepend(video); // beneath the one that is shown
    this.#back = video;
    this.#follow(video);
    this.#play(video);
  }

  /** Plays what the browser had blocked: to be called from a touch. */
  play(): void {
    for (const video of [this.#front, this.#back]) if (video !== null) this.#play(video);
  }

  clear(): void {
    clearTimeout(this.#settling);
    remove(this.#front);
    remove(this.#back);
    this.#front = null;
    this.#back = null;
  }

  #follow(video: HTMLVideoElement): void {
    const opening = new Opening();
    const next = (_now: number, metadata: VideoFrameCallbackMetadata): void => {
      const frame = { at: performance.now(), rtp: metadata.rtpTimestamp ?? null };
      if (video === this.#front) this.#events.onFrame(frame, false);
      else if (video !== this.#back) return;
      else {
        clearTimeout(this.#settling);
        if (opening.take(frame)) this.#bringForward(video, frame);
        else this.#settling = setTimeout(() => this.#bringForward(video, frame), SETTLED);
      }
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  #bringForward(video: HTMLVideoElement, frame: ShownFrame): void {
    remove(this.#front);
    this.#front = video;
    this.#back = null;
    video.style.removeProperty("opacity");
    this.#events.onFrame(frame, true);
  }

  #play(video: HTMLVideoElement): void {
    video.play().catch((error: unknown) => {
      // AbortError: the stream was exchanged meanwhile. Only NotAllowedError wants a finger.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#events.onBlocked();
    });
  }
}

/** An element that goes must let go of its stream first: browsers count and limit players. */
function remove(video: HTMLVideoElement | null): void {
  if (video === null) return;
  video.pause();
  video.srcObject = null;
  video.remove();
}

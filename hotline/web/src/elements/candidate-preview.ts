// An operator's own look at the candidates of an incident: at the chosen ones live, at the others by stills. Kept
// granted as long as the page is on the incident.

import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Hotline } from "../core/hotline.js";
import type { Target } from "../core/pool.js";
import { RenewingToken } from "../core/token.js";

/** A choice that stays for so long, milliseconds, is looked at. */
const SETTLED = 250;

export interface Wanted {
  readonly cameras: readonly string[];
  /** Those of them that are looked at live. */
  readonly live: readonly string[];
}

export class CandidatePreview implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #token: RenewingToken | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #share: string | null = null;
  #targets: ReadonlyMap<string, Target> = new Map();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** The preview that is granted; null before. */
  get share(): string | null {
    return this.#share;
  }

  /** What to receive of each camera that is looked at live. */
  get targets(): ReadonlyMap<string, Target> {
    return this.#targets;
  }

  hostDisconnected(): void {
    this.end();
  }

  /** Looks at what is `wanted` of an incident by then, whichever this is. */
  begin(hotline: Hotline, incident: string, wanted: () => Wanted): void {
    this.end();
    const token = new RenewingToken(async (signal) => {
      const { cameras, live } = wanted();
      const result = await hotline.api.preview(incident, cameras, live, signal);
      if (result.status === "success" && this.#token === token) {
        this.#share = result.value.share;
        this.#targets = new Map(
          live.map((camera) => [
            camera,
            this.#targets.get(camera) ?? { share: `preview ${incident}`, camera, token },
          ]),
        );
        this.#host.requestUpdate();
      }
      return result;
    }, hotline.live.serverNow);
    this.#token = token;
    void token.get();
  }

  /** What is wanted has changed: at once, or once it stays. */
  async again(): Promise<void> {
    await this.#token?.again();
  }

  againSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.again(), SETTLED);
  }

  /** Asks for no more stills; the way back is `resume`. */
  pause(): () => void {
    const share = this.#share;
    this.#share = null;
    this.#host.requestUpdate();
    return () => {
      this.#share ??= share;
      this.#host.requestUpdate();
    };
  }

  /** It ends with its last tile. */
  end(): void {
    this.#token?.dispose();
    this.#token = null;
    clearTimeout(this.#settling);
    this.#share = null;
    this.#targets = new Map();
    this.#host.requestUpdate();
  }
}

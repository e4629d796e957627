// A WHEP player (draft-ietf-wish-whep): one camera, one profile, received for as long as somebody wants it.
// `#run()` tries again for ever, `#attempt()` fails; nothing of an attempt survives it. Everything an attempt
// starts hangs on its own AbortController. No DOM here, and no judgement of pictures: that is freshness.ts.

import { pause, retryAfter } from "./backoff.js";
import { iceServers, layerUrl } from "./ice-servers.js";
import { type Lack, Layer } from "./layer.js";
import type { Wish } from "./quality.js";
import type { TokenSource } from "./token.js";

export type Profile = "main" | "sub";
export type WhepState = "idle" | "connecting" | "connected" | "waiting" | "closed";

/** Why the last attempt ended; `none` while none did. */
export type WhepFailure =
  | "none"
  | "network" // no answer at all
  | "token" // no token, or refused
  | "not_found" // no such camera under our grants
  | "offline" // the camera is away
  | "busy" // the relay has no room
  | "refused" // any other status
  | "negotiation" // the answer is no good
  | "ice" // no way through, or lost
  | "restarted"; // asked for from outside

export interface WhepOptions {
  readonly url: string;
  readonly token: TokenSource;
  /** Called when `state`, `stream`, `failure` or `lack` changed. */
  readonly onChange: () => void;
  /**
   * TURN servers that the relay named in earlier answers, shared by all connections. An answer comes too late for
   * the offer it belongs to: where only TURN gets through, the first attempt fails and the next one has them.
   */
  readonly ice: { servers: RTCIceServer[] };
  readonly random?: () => number;
}

/** The relay must have answered the offer by then, milliseconds. */
const ANSWER_DEADLINE = 5000;
/** ICE and DTLS must be done by then, milliseconds. */
const CONNECT_DEADLINE = 6000;
/**
 * When the relay hangs up, the share has ended as a rule, and the event that says so is on its way: asking again
 * at once would only be refused. Milliseconds.
 */
const HANGUP_PAUSE = 250;
/** Packets are counted at most this often, milliseconds. */
const COUNT_INTERVAL = 250;

/** What one attempt came to: how it failed, and how long the server asks us to wait (milliseconds). */
interface Outcome {
  readonly failure: WhepFailure;
  readonly retryAfter: number | null;
  /** It had connected: the next failure is the first of a new row. */
  readonly connected: boolean;
}

export class WhepClient {
  readonly #options: WhepOptions;
  readonly #ended = new AbortController();
  #state: WhepState = "idle";
  #failure: WhepFailure = "none";
  #stream: MediaStream | null = null;
  #attemptEnded: AbortController | null = null;
  #wake: (() => void) | null = null;
  #receiver: RTCRtpReceiver | null = null;
  #packetCount = 0;
  #packetAt: number | null = null;
  #countedAt: number | null = null;
  #counting = false;
  readonly #layer: Layer;

  constructor(options: WhepOptions) {
    this.#options = options;
    this.#layer = new Layer(options.token, options.onChange);
  }

  get state(): WhepState {
    return this.#state;
  }

  get failure(): WhepFailure {
    return this.#failure;
  }

  /** The stream of the newest connection; it stays after that connection broke, with its last picture. */
  get stream(): MediaStream | null {
    return this.#stream;
  }

  /** When the newest packet came, as known when last counted (monotonic milliseconds). */
  get packets(): { readonly at: number | null; readonly asOf: number } | null {
    return this.#countedAt === null ? null : { at: this.#packetAt, asOf: this.#countedAt };
  }

  /** Why the quality that was pinned is not given, see `Layer.lack`. */
  get lack(): Lack | null {
    return this.#layer.lack;
  }

  start(): void {
    if (this.#state === "idle") void this.#run();
  }

  /** Ends the connection and tells the relay. Final. */
  close(): void {
    this.#ended.abort();
    this.#layer.close();
    this.#wake?.();
    this.#set("closed");
  }

  /** Gives up the present connection and makes another at once. */
  restart(): void {
    this.#attemptEnded?.abort();
    this.#wake?.();
  }

  /** Ends a pause between attempts: the network is back, or somebody looks again. */
  retryNow(): void {
    this.#wake?.();
  }

  /** Says whether anybody looks, see `Layer.hide`. */
  hide(hidden: boolean): void {
    this.#layer.hide(hidden);
  }

  /** Says what is of use, see `Layer.ask`. */
  ask(wish: Wish): void {
    this.#layer.ask(wish);
  }

  /** Counts packets, unless that was done a moment ago. The result is in `packets`. */
  async count(now: number): Promise<void> {
    const receiver = this.#receiver;
    if (receiver === null || this.#counting) return;
    if (this.#countedAt !== null && now - this.#countedAt < COUNT_INTERVAL) return;
    this.#counting = true;
    try {
      const report = await receiver.getStats();
      if (receiver !== this.#receiver) return;
      for (const entry of report.values() as Iterable<Record<string, unknown>>) {
        if (entry["type"] === "inbound-rtp") this.#counted(entry);
      }
    } catch {
      // The connection was closed while it was being asked: there is nothing to count.
    } finally {
      this.#counting = false;
    }
  }

  #counted(entry: Record<string, unknown>): void {
    const now = performance.now();
    const count = entry["packetsReceived"];
    const last = entry["lastPacketReceivedTimestamp"];
    if (typeof last === "number" && last > 0) {
      this.#packetAt = Math.min(last - performance.timeOrigin, now);
    } else if (typeof count === "number" && count > this.#packetCount) {
      this.#packetAt = now;
    }
    if (typeof count === "number") this.#packetCount = count;
    this.#countedAt = now;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#ended.signal.aborted) {
      this.#set("connecting");
      const outcome = await this.#attempt();
      if (this.#ended.signal.aborted) break;
      failures = outcome.connected ? 1 : failures + 1;
      this.#failure = outcome.failure;
      this.#set("waiting");
      const wait = pause(failures, (this.#options.random ?? Math.random)(), outcome.retryAfter);
      if (outcome.failure !== "restarted") await this.#sleep(wait);
    }
    this.#set("closed");
  }

  async #attempt(): Promise<Outcome> {
    const over = new AbortController();
    const abort = (): void => over.abort();
    this.#ended.signal.addEventListener("abort", abort, { signal: over.signal });
    this.#attemptEnded = over;
    const peer = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceServers: this.#options.ice.servers,
    });
    let resource: { url: string; token: string } | null = null;
    let connected = false;
    const fail = (failure: WhepFailure, after: number | null = null): Outcome => ({
      failure: over.signal.aborted ? "restarted" : failure,
      retryAfter: after,
      connected,
    });
    try {
      const token = await this.#options.token.get();
      if (over.signal.aborted || token === null) return fail("token");
      const receiver = receiveVideo(peer);
      await peer.setLocalDescription();
      const posted = await this.#post(peer.localDescription?.sdp ?? "", token, over.signal);
      if (posted.kind === "failed") return fail(posted.failure, posted.retryAfter);
      resource = { url: posted.location, token };
      if (over.signal.aborted) return fail("restarted");
      this.#layer.open(posted.layer);
      // The way to the first packet is short: the track is shown before the connection stands.
      const lost = connectionEnd(peer, over.signal, () => {
        connected = true;
        this.#failure = "none";
        this.#set("connected");
      });
      peer.addEventListener(
        "track",
        (event) => {
          this.#receive(receiver, new MediaStream([event.track]));
        },
        { signal: over.signal },
      );
      await peer.setRemoteDescription({ type: "answer", sdp: posted.answer });
      await lost;
      return fail("ice", hungUp(peer) ? HANGUP_PAUSE : null);
    } catch {
      return fail("negotiation"); // WebRTC's own exceptions: an answer it does not take
    } finally {
      over.abort();
      this.#layer.close();
      if (this.#receiver !== null && this.#state !== "closed") this.#receiver = null;
      if (resource !== null && !hungUp(peer)) void endResource(resource.url, resource.token, peer);
      else peer.close();
    }
  }

  #receive(receiver: RTCRtpReceiver, stream: MediaStream): void {
    this.#receiver = receiver;
    this.#packetCount = 0;
    this.#packetAt = null;
    this.#countedAt = null;
    this.#stream = stream;
    this.#options.onChange();
  }

  async #post(offer: string, token: string, signal: AbortSignal): Promise<Posted> {
    try {
      const response = await fetch(this.#options.url, {
        method: "POST",
        headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
        body: offer,
        cache: "no-store",
        credentials: "same-origin",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_DEADLINE)]),
      });
      const after = retryAfter(response.headers.get("Retry-After"));
      switch (response.status) {
        case 201: {
          const location = response.headers.get("Location");
          if (location === null) return failed("negotiation");
          this.#options.ice.servers = iceServers(response.headers.get("Link"));
          const url = new URL(location, response.url || this.#options.url).href;
          const layer = layerUrl(response.headers.get("Link"));
          return {
            kind: "answer",
            answer: await response.text(),
            location: url,
            layer: layer === null ? null : new URL(layer, url).href,
          };
        }
        case 401:
          this.#options.token.refused(token);
          return failed("token");
        case 404:
          return failed("not_found", 1000);
        case 409:
          return failed("offline", after ?? 1000);
        case 503:
          return failed("busy", after ?? 1000);
        default:
          return failed("refused", after ?? 1000); // 429: too many offers, or viewers
      }
    } catch {
      return failed("network"); // rejected: no network, or past the deadline
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  #set(state: WhepState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#options.onChange();
  }
}

type Posted =
  | {
      readonly kind: "answer";
      readonly answer: string;
      readonly location: string;
      readonly layer: string | null;
    }
  | { readonly kind: "failed"; readonly failure: WhepFailure; readonly retryAfter: number | null };

function failed(failure: WhepFailure, after: number | null = null): Posted {
  return { kind: "failed", failure, retryAfter: after };
}

function isH264(codec: RTCRtpCodec): boolean {
  return codec.mimeType.toLowerCase() === "video/h264";
}

/** Asks for H.264 first, and for no more buffer than the network forces on us. */
function receiveVideo(peer: RTCPeerConnection): RTCRtpReceiver {
  const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  if (codecs.some(isH264)) {
    transceiver.setCodecPreferences([...codecs.filter(isH264), ...codecs.filter((codec) => !isH264(codec))]);
  }
  const receiver: RTCRtpReceiver & { jitterBufferTarget?: number | null; playoutDelayHint?: number } =
    transceiver.receiver;
  receiver.jitterBufferTarget = 0;
  receiver.playoutDelayHint = 0;
  return receiver;
}

/** Whether the relay has ended the connection: then its resource is gone already. */
function hungUp(peer: RTCPeerConnection): boolean {
  return peer.getReceivers().some((receiver) => receiver.transport?.state === "closed");
}

/** Resolves when the connection is lost or ended, never stood by the deadline, or `signal` is aborted. */
async function connectionEnd(
  peer: RTCPeerConnection,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(resolve, CONNECT_DEADLINE);
    const look = (): void => {
      const state = peer.connectionState;
      if (state === "connected") {
        clearTimeout(deadline);
        onConnected();
      } else if (state === "disconnected" || state === "failed" || state === "closed") {
        clearTimeout(deadline);
        resolve();
      }
    };
    peer.addEventListener("connectionstatechange", look, { signal });
    // The relay's own goodbye (DTLS close_notify) is no change of the connection's state.
    for (const { transport } of peer.getReceivers()) {
      transport?.addEventListener(
        "statechange",
        () => {
          if (transport.state === "closed" || transport.state === "failed") resolve();
        },
        { signal },
      );
    }
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(deadline);
        resolve();
      },
      { once: true },
    );
  });
}

/** How long the relay may take to hear that we leave, milliseconds. */
const GOODBYE_DEADLINE = 2000;

/**
 * Tells the relay that this viewer leaves, and closes the connection after it: the other way round, the relay
 * would have seen the connection close and know no such viewer any more. Kept alive, so that it goes out even
 * when the page is closing.
 */
async function endResource(url: string, token: string, peer: RTCPeerConnection): Promise<void> {
  const deadline = setTimeout(() => peer.close(), GOODBYE_DEADLINE);
  try {
    await fetch(url, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${token}` },
      keepalive: true,
      credentials: "same-origin",
    });
  } catch {
    // No network: the relay notices by itself when consent runs out.
  } finally {
    clearTimeout(deadline);
    peer.close();
  }
}

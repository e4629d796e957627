// <camera-tile>: one camera's picture, its name, and what is true of it. A picture that may not be taken for
// live is veiled: dimmed and blurred, with large words on it and since when. The element never shows a bare old
// picture.
//
// For tests and people with a debugger, on the element itself: data-camera, data-state (the verdict's state),
// data-cause, data-profile, data-quality, data-picture (what the picture watch found), data-first-picture-ms,
// data-frames.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { hourAndMinute, timeOfDay } from "../core/duration.js";
import { isOnTheWay, judge, NO_REMEDY, type Remedy, shouldRestart, type Verdict } from "../core/freshness.js";
import type { Hotline } from "../core/hotline.js";
import type { PictureFinding } from "../core/model.js";
import type { Target } from "../core/pool.js";
import { type Quality, wishOf } from "../core/quality.js";
import { Receiver } from "../core/receiver.js";
import type { Profile } from "../core/whep.js";
import { Localized } from "../text/language.js";
import type { Texts } from "../text/ko.js";
import { cameraTileStyle } from "./camera-tile-style.js";
import { shared } from "./style.js";
import { durationText, stateText } from "./verdict-text.js";

/** Up to this width, CSS pixels, the small stream is as good as the large one. */
const SUB_WIDTH = 640;
/** A tile must be this much wider before it changes to the large stream, so that it does not waver. */
const HYSTERESIS = 1.05;

/** A width that stays for so long, milliseconds, is chosen for. */
const SETTLED = 150;

const BEGINNING: Verdict = { state: "connecting", cause: "connection", since: null };

@customElement("camera-tile")
export class CameraTile extends LitElement {
  static override styles = [shared, cameraTileStyle];

  @property({ attribute: false }) hotline: Hotline | null = null;
  /** What is to be seen. Another target is another camera: give it another element (a keyed list does). */
  @property({ attribute: false }) target: Target | null = null;
  /** Name shown above the picture. */
  @property({ attribute: false }) name = "";
  /** Said beside the name: distance and direction. */
  @property({ attribute: false }) caption = "";
  /** The profile to take; by the shown width if not said. */
  @property({ attribute: false }) profile: Profile | null = null;
  /** What the person wants to see, whatever the width. */
  @property({ attribute: false }) quality: Quality = "auto";

  @state() private verdict = BEGINNING;
  /** What is wrong with a picture that is live; it is told beside it, never over it. */
  @state() private finding: PictureFinding | null = null;
  @state() private blocked = false;
  @query(".screen") private screen!: HTMLElement;

  readonly #localized = new Localized(this);
  #receiver: Receiver | null = null;
  #stopPulse: (() => void) | null = null;
  #stopFeeds: (() => void) | null = null;
  #last = BEGINNING;
  #badSince = 0;
  #remedy: Remedy = NO_REMEDY;
  /** The second that was last rendered, so that "since" counts on while nothing else changes. */
  #second = 0;
  #choosing: ReturnType<typeof setTimeout> | undefined;
  #inView = true;
  #inViewSince = 0;

  readonly #sized = new ResizeObserver(() => {
    // Not while a window is being dragged larger: each change is a connection.
    clearTimeout(this.#choosing);
    this.#choosing = setTimeout(() => this.#choose(), SETTLED);
  });
  /** A tile scrolled out of view may get no frame callbacks, like one in a hidden tab. */
  readonly #seen = new IntersectionObserver((entries) => {
    const inView = entries.at(-1)?.isIntersecting ?? true;
    if (inView && !this.#inView) this.#inViewSince = performance.now();
    this.#inView = inView;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "img");
    this.#sized.observe(this);
    this.#seen.observe(this);
    if (this.hasUpdated) this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sized.disconnect();
    this.#seen.disconnect();
    this.#end();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("target") || changed.has("hotline")) this.#begin();
    if (changed.has("profile") || changed.has("quality")) this.#choose();
    const words = [stateText(this.verdict, this.#localized.texts), this.#findingText()].filter(Boolean);
    this.setAttribute("aria-label", `${this.name}: ${words.join(", ")}`);
  }

  override render(): TemplateResult {
    const texts = this.#localized.texts;
    const { state: now } = this.verdict;
    const live = now === "live";
    const finding = this.#findingText();
    return html`
      <div class="screen ${live ? "" : "veiled"}"></div>
      ${live ? nothing : this.#veil(texts)}
      <div class="label">
        <div class="line">
          <span class="badge ${now}"><span class="words">${stateText(this.verdict, texts)}</span></span>
          <span class="name">${this.name}</span>
          ${this.caption === "" ? nothing : html`<span class="caption digits">${this.caption}</span>`}
        </div>
        ${finding === "" ? nothing : html`<div class="finding digits">${finding}</div>`}
      </div>
      ${
        this.blocked
          ? html`<button class="play primary" @click=${this.#play}>${texts.tapToPlay}</button>`
          : nothing
      }
    `;
  }

  #veil(texts: Texts): TemplateResult {
    const { state: now, since } = this.verdict;
    return html`
      <div class="veil">
        <strong class=${now}>${stateText(this.verdict, texts)}</strong>
        <span class="cause">${this.#causeText(texts)}</span>
        ${
          since === null
            ? now === "connecting"
              ? nothing
              : html`<span class="since">${texts.noPictureYet}</span>`
            : html`<span class="since digits">${this.#sinceText(since, texts)}</span>`
        }
      </div>
    `;
  }

  #sinceText(since: number, texts: Texts): string {
    const past = Math.max(0, performance.now() - since);
    const at = (this.hotline?.live.serverNow() ?? Date.now()) - past;
    return `${texts.lastPicture(timeOfDay(at))} · ${texts.ago(durationText(past, texts))}`;
  }

  /** What is wrong with the live picture, in words; empty if nothing is, or another thing matters more. */
  #findingText(): string {
    if (this.finding === null || this.verdict.state !== "live") return "";
    const fault = this.#localized.of(this.finding);
    return this.#localized.texts.pictureSince(fault, hourAndMinute(Date.parse(this.finding.since)));
  }

  #causeText(texts: Texts): string | typeof nothing {
    switch (this.verdict.cause) {
      case "source":
        return this.#sourceText(texts);
      case "events":
        return texts.causeEvents;
      case "connection":
        return this.verdict.state === "connecting" ? nothing : texts.causeConnection;
      case "packets":
        return texts.causePackets;
      case "late":
        return texts.causeLate;
      case "decoder":
        return texts.causeDecoder;
      case "none":
        return nothing;
    }
  }

  #sourceText(texts: Texts): string | typeof nothing {
    const feed = this.target === null ? null : (this.hotline?.live.feed(this.target.camera) ?? null);
    const reason = feed?.reason === null || feed === null ? null : this.#localized.of(feed.reason);
    if (this.verdict.state === "connecting") {
      return this.verdict.since === null ? (reason ?? nothing) : (reason ?? texts.causeConnectingAgain);
    }
    if (this.verdict.state === "offline" && feed !== null && feed.next_attempt_at !== null) {
      const left = Date.parse(feed.next_attempt_at) - (this.hotline?.live.serverNow() ?? Date.now());
      const again = left > 1500 ? ` · ${texts.nextAttempt(durationText(left, texts))}` : "";
      return `${reason ?? texts.causeSource}${again}`;
    }
    return reason ?? texts.causeSource;
  }

  #begin(): void {
    this.#end();
    const { hotline, target } = this;
    if (hotline === null || target === null || !this.isConnected) return;
    this.dataset["camera"] = target.camera;
    this.#receiver = new Receiver(hotline.pool, target, this.screen, {
      onFirst: () => {
        this.blocked = false;
        this.#judge();
      },
      onBlocked: () => {
        this.blocked = true;
      },
    });
    this.#choose();
    this.#stopPulse = hotline.presence.each(() => this.#judge());
    this.#stopFeeds = hotline.live.subscribe((change) => {
      if (change === "feeds") this.#judge();
    });
    this.#judge();
  }

  #end(): void {
    clearTimeout(this.#choosing);
    this.#receiver?.close();
    this.#receiver = null;
    this.#stopPulse?.();
    this.#stopFeeds?.();
    this.verdict = BEGINNING;
    this.finding = null;
    this.#remedy = NO_REMEDY;
  }

  #choose(): void {
    if (this.#receiver === null) return;
    const width = this.clientWidth;
    if (width === 0 && this.profile === null) return; // not laid out yet: the observer will tell
    const limit = this.#receiver.profile === "sub" ? SUB_WIDTH * HYSTERESIS : SUB_WIDTH;
    const { pinned, maxWidth } = wishOf(this.quality, width, devicePixelRatio);
    this.#receiver.want(pinned ?? this.profile ?? (width > limit ? "main" : "sub"), { pinned, maxWidth });
  }

  #judge(): void {
    const { hotline, target } = this;
    const receiver = this.#receiver;
    if (hotline === null || target === null || receiver === null) return;
    const now = performance.now();
    const feed = hotline.live.feed(target.camera);
    const hidden = hotline.presence.hidden || !this.#inView;
    const verdict = judge({
      now,
      hidden,
      visibleSince: Math.max(hotline.presence.visibleSince, this.#inViewSince),
      eventAt: hotline.live.feedsAt,
      feed:
        feed === null
          ? null
          : {
              state: feed.state,
              newestRtp: feed.newest_rtp,
              newestAt: hotline.live.localTime(feed.newest_at),
              limitMs: feed.limit_ms,
            },
      ...receiver.evidence(now, hidden),
    });
    const changed = verdict.state !== this.verdict.state || verdict.cause !== this.verdict.cause;
    if (!isOnTheWay(verdict) || !isOnTheWay(this.#last)) this.#badSince = now;
    else if (shouldRestart(verdict, this.#badSince, this.#remedy, now)) {
      this.#remedy = { count: this.#remedy.count + 1, at: now };
      receiver.restart();
    }
    this.#last = verdict;
    const finding = feed?.picture.at(0) ?? null;
    if (finding?.code !== this.finding?.code || finding?.since !== this.finding?.since)
      this.finding = finding;
    if (verdict.state === "live") this.#remedy = NO_REMEDY;
    // A verdict is a new object each time; rendering it four times a second for nothing would be a waste.
    if (changed || (verdict.state !== "live" && verdict.since !== this.verdict.since)) this.verdict = verdict;
    const second = Math.floor(now / 1000);
    if (verdict.state !== "live" && second !== this.#second) this.requestUpdate();
    this.#second = second;
    this.#publish(verdict, receiver);
  }

  #publish(verdict: Verdict, receiver: Receiver): void {
    const { dataset } = this;
    put(dataset, "state", verdict.state);
    put(dataset, "cause", verdict.cause);
    put(dataset, "profile", receiver.profile ?? "");
    put(dataset, "quality", this.quality);
    put(dataset, "frames", String(receiver.frames));
    put(dataset, "picture", this.finding?.code ?? "");
    if (receiver.firstPictureMs !== null) {
      put(dataset, "firstPictureMs", String(Math.round(receiver.firstPictureMs)));
    }
  }

  readonly #play = (): void => {
    this.blocked = false;
    this.#receiver?.play();
  };
}

function put(dataset: DOMStringMap, key: string, value: string): void {
  if (dataset[key] !== value) dataset[key] = value;
}

declare global {
  interface HTMLElementTagNameMap {
    "camera-tile": CameraTile;
  }
}

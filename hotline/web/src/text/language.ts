// Which language this browser shows, and how an element follows a switch. The choice is kept in this browser.

import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Problem } from "../core/model.js";
import { en } from "./en.js";
import { ko, type Texts } from "./ko.js";

export type Language = "ko" | "en";

const KEY = "hotline-language";
const TEXTS: Readonly<Record<Language, Texts>> = { ko, en };
const CHANGED = "hotline-language-changed";

/** The language chosen here before; else the browser's. */
function initial(): Language {
  const kept = remembered();
  if (kept === "ko" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden here: the browser's language it is
  }
}

/** The page's language: what is chosen in one element, all elements show. */
class PageLanguage extends EventTarget {
  #current = initial();

  get current(): Language {
    return this.#current;
  }

  choose(language: Language): void {
    if (language === this.#current) return;
    this.#current = language;
    document.documentElement.lang = language;
    try {
      localStorage.setItem(KEY, language);
    } catch {
      // Storage is forbidden here: the choice holds for this page.
    }
    this.dispatchEvent(new Event(CHANGED));
  }
}

export const pageLanguage = new PageLanguage();

/** Gives an element its texts, and renders it anew when the language changes. */
export class Localized implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #onChange = (): void => this.#host.requestUpdate();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  get language(): Language {
    return pageLanguage.current;
  }

  get texts(): Texts {
    return TEXTS[pageLanguage.current];
  }

  hostConnected(): void {
    pageLanguage.addEventListener(CHANGED, this.#onChange);
  }

  hostDisconnected(): void {
    pageLanguage.removeEventListener(CHANGED, this.#onChange);
  }

  /** Of something that has a name in both languages. */
  name(named: { readonly name_ko: string; readonly name_en: string }): string {
    return this.language === "ko" ? named.name_ko : named.name_en || named.name_ko;
  }

  /** Of a list entry: an incident's kind, a purpose, a reason. */
  of(entry: { readonly ko: string; readonly en: string }): string {
    return this.language === "ko" ? entry.ko : entry.en || entry.ko;
  }

  direction(place: { readonly direction_ko: string; readonly direction_en: string }): string {
    return this.language === "ko" ? place.direction_ko : place.direction_en;
  }

  /** What the service says went wrong, in one or two sentences. */
  problem(problem: Problem): string {
    const korean = this.language === "ko";
    const fields = (problem.errors ?? []).map((error) =>
      korean ? error.message_ko || error.message : error.message,
    );
    if (fields.length > 0) return fields.join(" ");
    const detail = korean ? (problem.detail_ko ?? problem.detail) : problem.detail;
    const title = korean ? (problem.title_ko ?? problem.title) : problem.title;
    return detail ?? title;
  }
}

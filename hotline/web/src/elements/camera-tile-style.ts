// How a camera's tile looks, at every size from a thumb's to a wall's.

import { css } from "lit";

export const cameraTileStyle = css`
  :host {
    display: block;
    position: relative;
    overflow: hidden;
    background: #000;
    container-type: size;
  }
  .screen,
  .veil {
    position: absolute;
    inset: 0;
  }
  video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
    background: #000;
  }
  :host([fill]) video {
    object-fit: cover;
  }
  .veiled {
    filter: blur(8px) grayscale(0.7) brightness(0.32);
  }
  .veil {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 0.3em;
    padding: 2.2em 4cqw 1.2em;
    text-align: center;
    font-size: clamp(13px, 4.6cqh, 40px);
    line-height: 1.25;
    text-wrap: balance;
  }
  .veil strong {
    font-size: 1.9em;
    line-height: 1.1;
  }
  /* A chip, not a bar: cameras burn their own clock into a corner, and it must stay readable. */
  .label {
    position: absolute;
    top: 0;
    left: 0;
    max-width: 100%;
    background: rgb(5 8 12 / 0.82);
    font-size: clamp(12.5px, 4.4cqh, 32px);
    line-height: 1.25;
  }
  .line,
  .finding {
    padding: 0.15em 0.6em;
  }
  .line {
    display: flex;
    align-items: center;
    gap: 0.5em;
    min-height: 1.9em;
  }
  .name {
    min-width: 0;
    overflow: hidden;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .caption {
    flex: none;
    color: var(--quiet);
    white-space: nowrap;
  }
  /* Below the name, where it takes nothing from it. */
  .finding {
    overflow: hidden;
    padding-top: 0;
    color: var(--warning);
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .badge {
    flex: none;
    display: inline-flex;
    align-items: center;
    gap: 0.35em;
    white-space: nowrap;
  }
  .badge::before {
    content: "";
    width: 0.6em;
    height: 0.6em;
    background: currentColor;
  }
  .badge.live {
    color: var(--live);
  }
  .badge.live::before {
    border-radius: 50%;
  }
  .connecting {
    color: var(--text);
  }
  .badge.connecting::before {
    border: 2px solid currentColor;
    border-radius: 50%;
    background: none;
  }
  .stalled,
  .decoder_stuck {
    color: var(--warning);
  }
  .path_dead,
  .offline {
    color: var(--wrong);
  }
  .play {
    position: absolute;
    inset: auto 0 12% 0;
    width: max-content;
    margin: 0 auto;
  }
  @container (max-width: 360px) {
    .caption {
      display: none;
    }
  }
  @container (max-height: 150px) {
    .veil {
      gap: 0;
      padding-bottom: 0.2em;
    }
    .veil strong {
      font-size: 1.35em;
    }
    .cause {
      display: none;
    }
  }
  @container (max-width: 240px) {
    .badge .words {
      display: none;
    }
  }
`;

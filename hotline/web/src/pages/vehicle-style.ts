// How the vehicle's page is laid out: the strip beside the large picture, or below it on an upright tablet.

import { css } from "lit";

export const vehicleStyle = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    user-select: none;
  }
  main {
    flex: 1;
    display: grid;
    grid-template: "heading strip" auto "stage strip" 1fr "below strip" auto / minmax(0, 1fr) 232px;
    gap: 6px;
    min-height: 0;
    padding: 6px;
  }
  main.waiting {
    display: block;
  }
  incident-heading {
    grid-area: heading;
    font-size: 20px;
  }
  .stage {
    grid-area: stage;
    min-height: 0;
    overflow: hidden;
    background: #000;
    touch-action: pan-y;
  }
  .stage camera-tile {
    height: 100%;
  }
  .below {
    grid-area: below;
  }
  quality-lack {
    --space-below: 6px;
    font-size: 18px;
  }
  .steps {
    display: flex;
    align-items: center;
    gap: 12px;
  }
  .steps button {
    flex: 1;
    min-height: 64px;
    font-size: 20px;
  }
  .steps quality-choice {
    --choice-height: 64px;
    flex: none;
    font-size: 18px;
  }
  .steps span {
    min-width: 5em;
    text-align: center;
    font-size: 22px;
    font-weight: 600;
  }
  .strip {
    grid-area: strip;
    display: flex;
    flex-direction: column;
    gap: 6px;
    min-height: 0;
    overflow: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .strip li {
    position: relative;
    flex: none;
    aspect-ratio: 16 / 9;
  }
  .strip camera-tile {
    height: 100%;
  }
  .strip button {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    padding: 0;
    border: 0;
    border-radius: 0;
    background: none;
  }
  .strip button:focus-visible {
    outline-offset: -4px;
  }
  .strip button[aria-current="true"] {
    border: 4px solid var(--action);
  }
  .strip .name {
    display: grid;
    place-items: center;
    height: 100%;
    padding: 8px;
    background: var(--raised);
    font-weight: 600;
    text-align: center;
  }
  @media (max-width: 620px) {
    .steps {
      flex-wrap: wrap;
    }
  }
  @media (orientation: portrait) {
    main {
      grid-template: "heading" auto "stage" auto "below" auto "strip" 1fr / minmax(0, 1fr);
    }
    .stage {
      aspect-ratio: 16 / 9;
    }
    .strip {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(240px, 45%), 1fr));
      align-content: start;
    }
  }
`;

// How the cameras' page is laid out: the list at the left, one camera at the right; one below the other on an
// upright tablet.

import { css } from "lit";

export const camerasStyle = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
  }
  main {
    flex: 1;
    display: grid;
    grid-template-columns: minmax(340px, 34%) minmax(0, 1fr);
    min-height: 0;
  }
  readiness-list {
    border-right: 1px solid var(--line);
    background: var(--surface);
  }
  .detail {
    min-height: 0;
    overflow: auto;
    padding: 12px;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .title {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
  }
  .title h2 {
    font-size: 20px;
  }
  .title p {
    flex: 1;
    font-size: 14px;
  }
  h3 {
    margin: 18px 0 6px;
    font-size: 16px;
  }
  .hint {
    margin-bottom: 8px;
    font-size: 14px;
  }
  dialog {
    max-width: min(30em, 92vw);
    padding: 20px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--raised);
    color: var(--text);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 0.6);
  }
  dialog p {
    margin-bottom: 16px;
    font-weight: 600;
  }
  dialog .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: end;
  }
  @media (max-width: 1023px) {
    main {
      grid-template-rows: minmax(220px, 38%) minmax(0, 1fr);
      grid-template-columns: minmax(0, 1fr);
    }
    readiness-list {
      border-right: 0;
      border-bottom: 1px solid var(--line);
    }
  }
`;

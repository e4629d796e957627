// The look all elements share: a dark room at night, high contrast, nothing that moves by itself. Colours mean
// something or are not there: amber is ours to act on, green is live, red is wrong.

import { css } from "lit";

export const shared = css`
  :host {
    --ground: #0b0f14;
    --surface: #141a21;
    --raised: #1e2630;
    --line: #303b48;
    --text: #eef2f6;
    --quiet: #a7b3c0;
    --action: #f2b33d;
    --action-text: #191204;
    --live: #4ad07f;
    --warning: #f2b33d;
    --wrong: #ff6b5e;
    --focus: #7cc4ff;
    --gap: 8px;
    --radius: 6px;
    color: var(--text);
    font-family:
      "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "NanumGothic", system-ui,
      sans-serif;
    font-size: 16px;
    line-height: 1.4;
    overflow-wrap: anywhere;
    word-break: keep-all; /* Korean breaks between words */
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  :focus-visible {
    outline: 3px solid var(--focus);
    outline-offset: 2px;
  }
  .digits {
    font-variant-numeric: tabular-nums;
  }
  .quiet {
    color: var(--quiet);
  }
  .wrong {
    color: var(--wrong);
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    min-height: 44px;
    padding: 0 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--raised);
    cursor: pointer;
    touch-action: manipulation;
  }
  button:hover {
    border-color: var(--quiet);
  }
  a.button {
    display: inline-flex;
    align-items: center;
    min-height: 44px;
    padding: 0 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--raised);
    color: inherit;
    text-decoration: none;
  }
  a.button:hover {
    border-color: var(--quiet);
  }
  button.primary {
    border-color: var(--action);
    background: var(--action);
    color: var(--action-text);
    font-weight: 700;
  }
  button.danger {
    border-color: var(--wrong);
    background: transparent;
    color: var(--wrong);
  }
  button:disabled {
    border-color: var(--line);
    background: var(--surface);
    color: var(--quiet);
    cursor: default;
  }
  input,
  select {
    width: 100%;
    min-height: 44px;
    padding: 0 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--ground);
  }
  input::placeholder {
    color: var(--quiet);
    opacity: 1;
  }
  input[type="checkbox"],
  input[type="radio"] {
    accent-color: var(--action);
  }
  @media (pointer: coarse) {
    button,
    a.button,
    input,
    select {
      min-height: 48px;
    }
  }
`;

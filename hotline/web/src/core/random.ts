// An identifier nobody guesses. crypto.randomUUID() exists in secure contexts only, and a control room may
// reach the service by plain HTTP on its own network.

/** 128 random bits as 32 hexadecimal digits. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

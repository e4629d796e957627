// TURN servers as WHEP names them: `Link` headers of the 201 (draft-ietf-wish-whep, RFC 9725 section 4.6). Pure.

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)/g;
const PARAMETER = /([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/g;

/** The ICE servers in a Link header (several are joined by commas); other links are passed over. */
export function iceServers(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, url = "", rest = ""] of (header ?? "").matchAll(LINK)) {
    const parameters = new Map<string, string>();
    for (const [, name = "", quoted, bare] of rest.matchAll(PARAMETER)) {
      parameters.set(name.toLowerCase(), quoted ?? bare ?? "");
    }
    if (parameters.get("rel") !== "ice-server" || !/^(?:stun|turn)s?:/.test(url)) continue;
    const [username, credential] = [parameters.get("username"), parameters.get("credential")];
    servers.push(
      username === undefined || credential === undefined
        ? { urls: url }
        : { urls: url, username, credential },
    );
  }
  return servers;
}

// What WHEP names in the `Link` headers of the 201: TURN servers (draft-ietf-wish-whep, RFC 9725 section 4.6), and
// where to ask for less (its layer extension). Pure.

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)/g;
const PARAMETER = /([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/g;

const LAYER = "urn:ietf:params:whep:ext:core:layer";

interface Link {
  readonly url: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function* links(header: string | null): Generator<Link> {
  for (const [, url = "", rest = ""] of (header ?? "").matchAll(LINK)) {
    const parameters = new Map<string, string>();
    for (const [, name = "", quoted, bare] of rest.matchAll(PARAMETER)) {
      parameters.set(name.toLowerCase(), quoted ?? bare ?? "");
    }
    yield { url, parameters };
  }
}

/** Where a viewer asks for another quality; null where the relay has no such thing. */
export function layerUrl(header: string | null): string | null {
  for (const { url, parameters } of links(header)) if (parameters.get("rel") === LAYER) return url;
  return null;
}

/** The ICE servers in a Link header (several are joined by commas); other links are passed over. */
export function iceServers(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const { url, parameters } of links(header)) {
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

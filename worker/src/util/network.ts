// What shares a rate limit: an IPv4 address, or the IPv6 network that one customer is given.

import { NETWORK } from "../shared/constants.ts";

const IPV6 = /^([0-9a-f:.]*:[0-9a-f:.]*)(?:%[^%]+)?$/i;

/** Return the IPv6 address's network; an IPv4 address, or what is no address, as it is. */
export function rateLimitKey(address: string): string {
  const groups = parseIpv6(IPV6.exec(address)?.[1] ?? "");
  if (groups === null) return address.slice(0, NETWORK.MAX_LENGTH);
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return toIpv4(groups.slice(6));
  const network = groups.slice(0, NETWORK.IPV6_PREFIX / 16).join(":");
  return `${canonical(`${network}::`)}/${NETWORK.IPV6_PREFIX}`;
}

/** Return an address's eight groups; null for what is none. */
function parseIpv6(address: string): string[] | null {
  const text = canonical(address);
  if (text === null) return null;
  const [left = [], right = []] = text.split("::").map((part) => part.split(":").filter(Boolean));
  return [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
}

/** Return an IPv6 address as URLs write it: lower case, the longest zeros left out. */
function canonical(address: string): string | null {
  return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? null;
}

function toIpv4(groups: readonly string[]): string {
  const pairs = groups.map((group) => Number.parseInt(group, 16));
  return pairs.flatMap((pair) => [pair >> 8, pair & 255]).join(".");
}

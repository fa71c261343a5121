/** How a client certificate stands. */

/** Before its end by so much, a credential that was not renewed is spoken of: as long as the server does. */
export const SOON_MS = 14 * 86_400_000;

export interface Dated {
  not_after_ms: number;
  until_ms: number;
  revoked_ms: number | null;
}

export type Standing = "revoked" | "over" | "renewed" | "ends soon" | "good";

export function standingOf(certificate: Dated, now: number): Standing {
  if (certificate.revoked_ms !== null) return "revoked";
  if (certificate.until_ms <= now) return "over";
  if (certificate.until_ms < certificate.not_after_ms) return "renewed";
  return certificate.until_ms - now < SOON_MS ? "ends soon" : "good";
}

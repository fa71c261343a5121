/** How a connector stands, in a word. */
import type { Schemas } from "../../api/client";
import type { Trust } from "../../ui/TrustLight";

export type Connector = Schemas["Connector"];

export function connectorState(connector: Connector): { trust: Trust; word: string } {
  if (connector.failing > 0) {
    const times = connector.failing === 1 ? "once" : `${connector.failing} times in a row`;
    return { trust: "bad", word: `Fails: ${times}` };
  }
  if (connector.last_success_ms === null) return { trust: "unseen", word: "Not asked yet" };
  if (connector.counters.rejected > 0) return { trust: "care", word: "Works, some records were refused" };
  return { trust: "good", word: "Works" };
}

/** How far a consumer of the event log lags: events that are taken in but not dealt with yet. */
export function lagState(entries: number): { trust: Trust; word: string } {
  if (entries > 50_000) return { trust: "bad", word: "Far behind" };
  if (entries > 1_000) return { trust: "care", word: "Catching up" };
  return { trust: "good", word: "Up to date" };
}

const CONSUMERS: Record<string, { name: string; without: string }> = {
  calls: { name: "Call join", without: "Look-ups wait for their answer: was there a call?" },
  detect: { name: "Detection", without: "Rules judge events later than they happen." },
  alerts: { name: "Alerts", without: "Findings exist that no alert shows yet." },
  lake: { name: "Lake", without: "Search does not see the newest events yet." },
};

/** A consumer in words, and what its lag means. */
export const consumer = (key: string): { name: string; without: string } =>
  CONSUMERS[key] ?? { name: key, without: "It works on older events." };

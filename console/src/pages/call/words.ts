/** How states of a call are called, and how far they are to be trusted. */
import type { Trust } from "../../ui/TrustLight";
import type { OutcomeKind } from "./story";

export const OUTCOME_WORDS: Record<OutcomeKind, string> = {
  going_on: "Going on",
  answered: "Answered",
  abandoned: "Given up by the caller",
  no_answer: "Not answered",
  busy: "Busy",
  failed: "Failed",
  unknown: "End not seen",
  no_call: "No call",
};

const STATES: Record<string, string> = {
  live: "On a call",
  ringing: "Rings",
  talking: "Talks",
  held: "On hold",
  wrap_up: "Wrap-up",
  unknown: "Not known",
};

export const stateWord = (state: string): string => STATES[state] ?? state.replaceAll("_", " ");

export interface Judged {
  trust: Trust;
  says: string;
}

const UNSEEN: Judged = { trust: "unseen", says: "Not observed" };

/** Recording and consent belong together: neither is good or bad alone. */
export function judgeRecording(recording: string, consent: string): Judged {
  const no = consent === "refused" || consent === "withdrawn";
  switch (recording) {
    case "on":
      if (no) return { trust: "bad", says: "On, against consent" };
      if (consent === "given" || consent === "announced") return { trust: "good", says: "On" };
      return { trust: "care", says: "On, nobody asked" };
    case "paused":
      return { trust: "good", says: "Paused" };
    case "off":
      return { trust: "good", says: "Off" };
    default:
      return UNSEEN;
  }
}

export function judgeConsent(consent: string, recording: string): Judged {
  switch (consent) {
    case "given":
      return { trust: "good", says: "Given" };
    case "announced":
      return { trust: "good", says: "Announced" };
    case "refused":
    case "withdrawn": {
      const says = consent === "refused" ? "Refused" : "Withdrawn";
      if (recording === "on") return { trust: "bad", says: `${says}, recorded` };
      return { trust: recording === "off" || recording === "paused" ? "good" : "care", says };
    }
    default:
      return UNSEEN;
  }
}

export function judgeEncryption(encrypted: boolean | null | undefined): Judged {
  if (encrypted === true) return { trust: "good", says: "Encrypted" };
  if (encrypted === false) return { trust: "bad", says: "In the clear" };
  return UNSEEN;
}

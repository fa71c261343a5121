/** How far a call can be trusted, light by light. Nothing is good that was not seen to be. */
import type { TimelineEvent } from "../../api/queries";
import { brief, plural } from "../../lib/format";
import { attribute } from "../../lib/say";
import { lasting } from "../../lib/time";
import type { Trust } from "../../ui/TrustLight";
import { callFact } from "./recording";
import type { Story } from "./story";

export interface Light {
  what: string;
  trust: Trust;
  says: string;
  why: string;
}

const NOT_OBSERVED = "Not observed";

export function lightsOf(story: Story, events: TimelineEvent[]): Light[] {
  return [
    attestation(story, events),
    signallingLight(story, events),
    media(story, events),
    recording(story),
    consent(story),
  ];
}

const VOUCHED: Record<string, [Trust, string, string]> = {
  A: ["good", "A, vouched for", "The caller's carrier knows the customer and vouches for the number (STIR/SHAKEN A)."],
  B: [
    "care",
    "B, number not vouched for",
    "The carrier knows who placed the call, but not whether the number is theirs (STIR/SHAKEN B).",
  ],
  C: [
    "care",
    "C, origin unknown",
    "The carrier only passed the call on, for example from abroad (STIR/SHAKEN C). The number may be forged.",
  ],
};

function attestation(story: Story, events: TimelineEvent[]): Light {
  const what = "Caller's number";
  const said =
    events.map((e) => attribute(e, "attestation")).find((a) => a !== undefined) ?? callFact(events, "call.attestation");
  if (typeof said !== "string" || said === "") {
    const why =
      story.direction === "outbound"
        ? "We placed this call: attestation is about numbers that call us."
        : "No source told an attestation (STIR/SHAKEN) for this call. The number may be forged.";
    return { what, trust: "unseen", says: NOT_OBSERVED, why };
  }
  const known = VOUCHED[said.toUpperCase()];
  if (known) return { what, trust: known[0], says: known[1], why: known[2] };
  return {
    what,
    trust: "bad",
    says: `Not valid: ${brief(said, 20)}`,
    why: "The signature over the caller's number (STIR/SHAKEN) did not verify. Do not rely on the number.",
  };
}

/** What the telephony itself says about encryption, where no message was seen. */
function encryptedFact(events: TimelineEvent[]): boolean | undefined {
  for (const event of events) {
    const said = event.ocsf?.["is_encrypted"];
    if (typeof said === "boolean") return said;
  }
  const said = callFact(events, "call.encrypted");
  return typeof said === "boolean" ? said : undefined;
}

function byFact(what: string, encrypted: boolean | undefined, unseen: string): Light {
  if (encrypted === undefined) return { what, trust: "unseen", says: NOT_OBSERVED, why: unseen };
  if (encrypted) {
    return { what, trust: "good", says: "Encrypted", why: "The telephony says so; its messages were not seen here." };
  }
  return {
    what,
    trust: "care",
    says: "Not all encrypted",
    why: "The telephony says that signalling or media of this call went unencrypted; which of them was not seen.",
  };
}

const SECURE = new Set(["tls", "wss"]);

function signallingLight({ signalling }: Story, events: TimelineEvent[]): Light {
  const what = "Signalling encryption";
  const seen = signalling.transports;
  if (seen.length === 0) {
    return byFact(what, encryptedFact(events), "No SIP message of this call was seen, so its transport is not known.");
  }
  const all = seen.reduce((sum, [, n]) => sum + n, 0);
  const secured = seen.filter(([t]) => SECURE.has(t)).reduce((sum, [, n]) => sum + n, 0);
  const names = seen.map(([t]) => t.toUpperCase()).join(", ");
  const of = `${plural(all, "SIP message")} by ${names}.`;
  if (secured === all) return { what, trust: "good", says: `Encrypted, ${names}`, why: of };
  if (secured > 0) {
    return {
      what,
      trust: "care",
      says: "Encrypted in part",
      why: `${of} ${plural(all - secured, "message")} went in the clear: a hop of this call is open.`,
    };
  }
  return {
    what,
    trust: "bad",
    says: `In the clear, ${names}`,
    why: `${of} Whoever is on the way reads and changes numbers and keyed digits.`,
  };
}

function media({ signalling }: Story, events: TimelineEvent[]): Light {
  const what = "Voice encryption";
  const { secured, open, suites } = signalling.media;
  if (secured + open === 0) {
    // A message without media says nothing about media, and the join's word is of both together.
    const said = signalling.transports.length === 0 ? encryptedFact(events) : undefined;
    return byFact(what, said, "No message of this call described its media.");
  }
  const of = `${plural(secured + open, "media line")} offered or answered, ${secured} encrypted.`;
  if (open === 0 && signalling.keysInTheOpen) {
    return {
      what,
      trust: "care",
      says: "Encrypted, keys in the clear",
      why: `${of} The keys (${suites.join(", ")}) were sent over signalling that is not encrypted: whoever saw it can listen.`,
    };
  }
  if (open === 0) return { what, trust: "good", says: "Encrypted, SRTP", why: of };
  if (secured > 0) return { what, trust: "care", says: "Offered in part", why: of };
  return { what, trust: "bad", says: "In the clear", why: `${of} Whoever is on the way can listen.` };
}

function recording(story: Story): Light {
  const what = "Recording";
  const { stretches, last } = story.recording;
  const length = (state: string) =>
    stretches.filter((s) => s.state === state).reduce((sum, s) => sum + s.to - s.from, 0);
  const on = length("on");
  const against = story.against.reduce((sum, s) => sum + s.to - s.from, 0);
  if (against > 0) {
    return {
      what,
      trust: "bad",
      says: `${lasting(against)} against consent`,
      why: "It was recorded although the customer refused or withdrew consent.",
    };
  }
  if (last === undefined) {
    return {
      what,
      trust: "unseen",
      says: NOT_OBSERVED,
      why: "No recorder told of this call. It may have been recorded or not.",
    };
  }
  const no = story.consent.last === "refused" || story.consent.last === "withdrawn";
  if (no && on === 0 && last !== "off") {
    return {
      what,
      trust: last === "on" ? "bad" : "care",
      says: last === "on" ? "On against consent" : "Paused",
      why: "Consent stands refused or withdrawn; the recorder's own steps were not seen.",
    };
  }
  const pauses = stretches.filter((s) => s.state === "paused");
  const paused = pauses.length > 0 ? ` Paused ${plural(pauses.length, "time")}, ${lasting(length("paused"))}.` : "";
  if (on === 0) {
    const says = { on: "On", paused: "Paused", off: "Off" }[last];
    return {
      what,
      trust: last === "off" ? "good" : "care",
      says,
      why: "As the call join knows it; no steps were seen.",
    };
  }
  const asked = story.consent.last === "given" || story.consent.last === "announced";
  return {
    what,
    trust: asked || no ? "good" : "care",
    says: `Recorded ${lasting(on)}`,
    why: `${asked || no ? "Only while nobody had said no." : "Nothing was seen that asked the customer."}${paused}`,
  };
}

function consent(story: Story): Light {
  const what = "Consent";
  const { last } = story.consent;
  const on = story.recording.stretches.some((s) => s.state === "on");
  switch (last) {
    case "given":
      return { what, trust: "good", says: "Given", why: "The customer agreed to being recorded." };
    case "announced":
      return {
        what,
        trust: "good",
        says: "Announced",
        why: "The announcement was played, and the customer did not say no.",
      };
    case "refused":
    case "withdrawn": {
      const says = last === "refused" ? "Refused" : "Withdrawn";
      if (story.against.length > 0 || (story.recording.last === "on" && !on)) {
        return { what, trust: "bad", says: `${says}, recorded`, why: "The customer said no, and was recorded." };
      }
      if (story.recording.last === undefined) {
        return {
          what,
          trust: "care",
          says,
          why: "The customer said no. No recording was seen, nor anything that says there was none.",
        };
      }
      return {
        what,
        trust: "good",
        says: `${says}, respected`,
        why: "The customer said no, and recording was not on.",
      };
    }
    default:
      if (on || story.recording.last === "on") {
        return {
          what,
          trust: "care",
          says: NOT_OBSERVED,
          why: "The call was recorded, but no announcement or consent was seen.",
        };
      }
      return { what, trust: "unseen", says: NOT_OBSERVED, why: "No announcement or consent was seen on this call." };
  }
}

import { describe, expect, it } from "vitest";
import type { TimelineEvent } from "../../api/queries";
import { CLASS } from "../../lib/say";
import { T0, call, event, sip } from "./fixture";
import { outcomeWords, partWords, sentenceOf } from "./sentence";
import { storyOf } from "./story";
import { lightsOf } from "./trust";

const at = (seconds: number) => T0 + seconds * 1_000;
const agent = (uid: string, extension: string) => ({ agent: { uid, extension, name: "Fatima Flores" } });
const light = (events: TimelineEvent[], what: string) => lightsOf(storyOf(events), events).find((l) => l.what === what);

const transferred: TimelineEvent[] = [
  call(0, 1, {
    agent: "A1",
    ocsf: { direction: "inbound", queue: "service", attestation: "A", ...agent("A1", "2001") },
  }),
  call(8, 2, { agent: "A1", customer: "C-1", ocsf: agent("A1", "2001") }),
  event(8.05, CLASS.agent, 3, { agent: "A1", ocsf: { agent: { state: "on_call" } } }),
  event(8.5, CLASS.consent, 1, { agent: "A1" }),
  event(12, CLASS.consent, 2, { agent: "A1" }),
  event(13, CLASS.recording, 1, { agent: "A1", ocsf: { recording: { uid: "rec-1" } } }),
  call(20, 4, { agent: "A1" }),
  call(30, 6, { agent: "A1" }),
  call(60, 3, { agent: "A1", ocsf: { transfer_to: { uid: "A2", extension: "2002" } } }),
  event(60.1, CLASS.agent, 3, { agent: "A1", ocsf: { agent: { state: "wrap_up" } } }),
  call(65, 2, { agent: "A2" }),
  event(90, CLASS.agent, 3, { agent: "A1", ocsf: { agent: { state: "available" } } }),
  event(130, CLASS.recording, 4, { agent: "A2", ocsf: { recording: { uid: "rec-1" } } }),
  call(130, 5, { agent: "A2", ocsf: { disposition: "answered" } }),
];

describe("a call that is transferred", () => {
  const story = storyOf(transferred);

  it("has its participants and times", () => {
    expect(story.direction).toBe("inbound");
    expect(story.number).toBe("+12045550100");
    expect(story.customers).toEqual([{ uid: "C-1", at: at(8) }]);
    expect(story.queue).toBe("service");
    expect([story.started, story.answered, story.ended]).toEqual([at(0), at(8), at(130)]);
    expect(story.parts.map((p) => [p.agent, p.from, p.to, p.left])).toEqual([
      ["A1", undefined, "A2", at(60)],
      ["A2", "A1", undefined, undefined],
    ]);
  });

  it("has stretches for each agent", () => {
    const bars = story.bars.map((b) => [b.agent, b.kind, (b.from - T0) / 1_000, (b.to - T0) / 1_000]);
    expect(bars).toEqual([
      ["A1", "ring", 0, 8],
      ["A1", "talk", 8, 20],
      ["A1", "hold", 20, 30],
      ["A1", "talk", 30, 60],
      ["A1", "wrap_up", 60.1, 90],
      ["A2", "transfer", 60, 65],
      ["A2", "talk", 65, 130],
    ]);
  });

  it("is told in a sentence", () => {
    expect(sentenceOf(story)).toBe("Inbound call from +12045550100 to agent A1, transferred to A2, 2 min 02 s");
    expect(outcomeWords(story)).toBe("Answered");
    const [first, second] = story.parts;
    expect(first && partWords(first, story)).toBe("rang 8.0 s, talked 42 s, on hold 10 s, gave it to A2, wrap-up 30 s");
    expect(second && partWords(second, story)).toBe("got it from A1, rang 5.0 s, talked 1 min 05 s");
  });

  it("was recorded with consent", () => {
    expect(story.recording).toEqual({
      stretches: [{ state: "on", from: at(13), to: at(130) }],
      uids: ["rec-1"],
      last: "off",
    });
    expect(story.consent.steps.map((s) => s.word)).toEqual(["announced", "given"]);
    expect(story.against).toEqual([]);
    expect(light(transferred, "Recording")).toMatchObject({ trust: "good", says: "Recorded 1 min 57 s" });
    expect(light(transferred, "Consent")?.trust).toBe("good");
    expect(light(transferred, "Caller's number")?.trust).toBe("good");
  });

  it("shows nothing as good that was not seen", () => {
    expect(light(transferred, "Signalling encryption")).toMatchObject({ trust: "unseen", says: "Not observed" });
    expect(light(transferred, "Voice encryption")).toMatchObject({ trust: "unseen", says: "Not observed" });
    expect(lightsOf(storyOf([]), []).every((l) => l.trust === "unseen")).toBe(true);
  });

  it("does not mind the order in which events come", () => {
    expect(storyOf(transferred.toReversed()).bars).toEqual(story.bars);
  });
});

it("does not begin a part anew where an agent who gave the call away takes it from hold", () => {
  const events = [
    call(0, 2, { agent: "A1" }),
    call(10, 4, { agent: "A1" }),
    call(12, 3, { agent: "A1", ocsf: { transfer_to: { uid: "A2" } } }),
    call(15, 2, { agent: "A2" }),
    call(20, 6, { agent: "A1" }),
    call(30, 5, { agent: "A2" }),
  ];
  const story = storyOf(events);
  expect(story.parts.map((p) => p.agent)).toEqual(["A1", "A2"]);
  expect(story.parts[0]?.holds).toEqual([{ from: at(10), to: at(12) }]);
});

describe("how it ends", () => {
  const ring = call(0, 1, { agent: "A1", ocsf: { direction: "inbound" } });

  it("is given up by the caller", () => {
    const story = storyOf([ring, call(14, 5, { agent: "A1", ocsf: { disposition: "abandoned" } })]);
    expect(story.outcome.kind).toBe("abandoned");
    expect(sentenceOf(story)).toBe("Inbound call from +12045550100 that rang at agent A1, given up after 14 s");
    expect(story.parts[0] && partWords(story.parts[0], story)).toBe("rang 14 s, never answered");
  });

  it("is not answered", () => {
    const out = [
      call(0, 1, { agent: "A1", ocsf: { direction_id: 2 } }),
      call(20, 5, { agent: "A1", ocsf: { disposition: "no_answer" } }),
    ];
    expect(sentenceOf(storyOf(out))).toBe("Outbound call to +12045550100 by agent A1, not answered after 20 s");
  });

  it("goes on, and its stretches reach until now", () => {
    const story = storyOf([ring, call(5, 2, { agent: "A1" })], { liveAt: at(65) });
    expect(story.outcome.kind).toBe("going_on");
    expect(story.bars.at(-1)).toEqual({ agent: "A1", kind: "talk", from: at(5), to: at(65) });
    expect(sentenceOf(story)).toBe("Inbound call from +12045550100 to agent A1, going on now");
  });

  it("was not seen to end", () => {
    expect(sentenceOf(storyOf([ring, call(5, 2, { agent: "A1" })]))).toContain("end not seen");
  });

  it("is known from a detail record alone", () => {
    const record = call(100, 8, {
      agent: "A7",
      ocsf: {
        direction: "inbound",
        start_time: at(0),
        answer_time: at(10),
        end_time: at(100),
        disposition: "answered",
      },
    });
    const story = storyOf([record]);
    expect(sentenceOf(story)).toBe("Inbound call from +12045550100 to agent A7, 1 min 30 s");
    expect(story.bars.map((b) => b.kind)).toEqual(["ring", "talk"]);
  });

  it("is told by SIP who hung up", () => {
    const messages = [
      sip(0, { method: "INVITE", from_user: "+12045550100", to_user: "2001" }, { facts: { "call.agent": "A1" } }),
      sip(3, { status_code: 200, reason: "OK" }, { facts: { "call.agent": "A1" } }),
      sip(33, { method: "BYE", cseq_method: "BYE", from_user: "+12045550100" }, { caller: "+12045550100" }),
    ];
    const story = storyOf(messages);
    expect(outcomeWords(story)).toBe("Answered, ended by the caller");
    expect(sentenceOf(story)).toBe("Call with +12045550100 to agent A1, 30 s");
  });

  it("is refused", () => {
    const story = storyOf([
      sip(0, { method: "INVITE", from_user: "2001", to_user: "+883510010015" }),
      sip(0.01, { status_code: 403, reason: "Forbidden" }),
    ]);
    expect(sentenceOf(story)).toBe("Call attempt from 2001 to +883510010015, refused: 403 Forbidden");
  });

  it("never was a call", () => {
    const scan = [
      sip(0, { method: "REGISTER", cseq_method: "REGISTER" }),
      sip(0.1, { status_code: 401, reason: "Unauthorized", cseq_method: "REGISTER" }),
      sip(0.2, { method: "REGISTER", cseq_method: "REGISTER", cseq: 2 }),
    ];
    expect(sentenceOf(storyOf(scan))).toBe("No call came about: 2 × REGISTER from 203.0.113.9");
  });
});

describe("recording against consent", () => {
  const no = event(12, CLASS.consent, 3);
  const base = [call(0, 1, { agent: "A1" }), call(5, 2, { agent: "A1" })];

  it("is bad", () => {
    const events = [...base, event(6, CLASS.recording, 1), no, call(40, 5)];
    expect(storyOf(events).against).toEqual([{ from: at(12), to: at(40) }]);
    expect(light(events, "Recording")).toMatchObject({ trust: "bad", says: "28 s against consent" });
    expect(light(events, "Consent")).toMatchObject({ trust: "bad", says: "Refused, recorded" });
  });

  it("leaves the recorder a moment to stop", () => {
    const events = [...base, event(6, CLASS.recording, 1), no, event(13, CLASS.recording, 4), call(40, 5)];
    expect(light(events, "Consent")).toMatchObject({ trust: "good", says: "Refused, respected" });
  });

  it("is not excluded where no recorder was heard", () => {
    expect(light([...base, no, call(40, 5)], "Consent")).toMatchObject({ trust: "care", says: "Refused" });
  });

  it("ends when consent is given after all", () => {
    const events = [...base, no, event(20, CLASS.consent, 2), event(21, CLASS.recording, 1), call(40, 5)];
    expect(storyOf(events).against).toEqual([]);
  });
});

describe("encryption", () => {
  const invite = (transport: string, media?: object[]) =>
    sip(0, { method: "INVITE", transport, ...(media && { media }) });

  it("is judged by what was seen", () => {
    expect(light([invite("tls", [{ is_encrypted: true }])], "Signalling encryption")?.trust).toBe("good");
    expect(light([invite("udp")], "Signalling encryption")?.trust).toBe("bad");
    expect(light([invite("udp"), invite("tls")], "Signalling encryption")?.trust).toBe("care");
    expect(light([invite("tls", [{ is_encrypted: true }])], "Voice encryption")?.trust).toBe("good");
    expect(light([invite("tls", [{ is_encrypted: false }])], "Voice encryption")?.trust).toBe("bad");
    expect(light([invite("tls")], "Voice encryption")?.trust).toBe("unseen");
  });

  it("is not good when its keys go in the clear", () => {
    const media = [{ is_encrypted: true, suite: "AES_CM_128_HMAC_SHA1_80" }];
    expect(light([invite("udp", media)], "Voice encryption")).toMatchObject({
      trust: "care",
      says: "Encrypted, keys in the clear",
    });
    expect(light([invite("tls", media)], "Voice encryption")?.trust).toBe("good");
  });

  it("takes the telephony's word where no message was seen", () => {
    const said = (encrypted: boolean) => [call(0, 2, { facts: { "call.encrypted": encrypted } })];
    expect(light(said(true), "Voice encryption")?.trust).toBe("good");
    expect(light(said(false), "Voice encryption")?.trust).toBe("care");
  });
});

it("lets no text from outside turn the sentence around", () => {
  const story = storyOf([
    call(0, 1, { agent: "A1", caller: `\u202e${"9".repeat(200)}\n\u2069`, ocsf: { direction: "inbound" } }),
  ]);
  const sentence = sentenceOf(story);
  expect(sentence).not.toMatch(/[\u202a-\u202e\n]/);
  expect(sentence.length).toBeLessThan(120);
  const hebrew = storyOf([call(0, 1, { agent: "שלום", ocsf: { direction: "inbound" } })]);
  expect(sentenceOf(hebrew)).toContain("\u2068שלום\u2069");
});

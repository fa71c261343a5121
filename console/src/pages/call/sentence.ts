/** The story in one sentence, and each part in a few words. */
import { brief, count, plural } from "../../lib/format";
import { lasting } from "../../lib/time";
import type { Part, Story } from "./story";
import { OUTCOME_WORDS } from "./words";

/** `Inbound call from +12045550100 to agent A4083, transferred to A4142, 2 min 02 s`. */
export function sentenceOf(story: Story): string {
  if (story.outcome.kind === "no_call") return noCall(story);
  const [first, ...others] = story.parts;
  const words = [opening(story)];
  if (first) {
    if (story.direction === "outbound") words.push(` by agent ${brief(first.agent)}`);
    else if (others.length > 0 || first.answered !== undefined) words.push(` to agent ${brief(first.agent)}`);
    else words.push(` that rang at agent ${brief(first.agent)}`);
  }
  for (const part of others) {
    words.push(part.from === undefined ? `, then agent ${brief(part.agent)}` : `, transferred to ${brief(part.agent)}`);
  }
  return words.join("") + ending(story);
}

function opening(story: Story): string {
  const { number, direction, signalling } = story;
  if (direction === "inbound")
    return `Inbound call from ${number === undefined ? "a number that was not seen" : brief(number)}`;
  if (direction === "outbound")
    return `Outbound call to ${number === undefined ? "a number that was not seen" : brief(number)}`;
  if (direction === "internal") return "Internal call";
  if (story.parts.length === 0 && signalling.from !== undefined && signalling.to !== undefined) {
    return `${story.answered === undefined && signalling.answered === undefined ? "Call attempt" : "Call"} from ${brief(signalling.from)} to ${brief(signalling.to)}`;
  }
  return number === undefined ? "Call" : `Call with ${brief(number)}`;
}

function ending(story: Story): string {
  const { outcome, started, ended } = story;
  const answered = story.answered ?? story.signalling.answered;
  const rang = started !== undefined && ended !== undefined ? ` after ${lasting(ended - started)}` : "";
  switch (outcome.kind) {
    case "going_on":
      return answered === undefined ? ", still ringing" : ", going on now";
    case "answered":
      return answered !== undefined && ended !== undefined ? `, ${lasting(ended - answered)}` : "";
    case "abandoned":
      return `, given up${rang}`;
    case "no_answer":
      return `, not answered${rang}`;
    case "busy":
      return ", busy";
    case "failed":
      return outcome.detail === undefined ? ", failed" : `, refused: ${brief(outcome.detail)}`;
    default:
      return ", end not seen";
  }
}

function noCall({ signalling }: Story): string {
  const [method, times] = signalling.methods[0] ?? ["", 0];
  const from = signalling.address === undefined ? "" : ` from ${brief(signalling.address)}`;
  const what = method === "" ? plural(signalling.messages, "SIP message") : `${count(times)} × ${brief(method, 20)}`;
  return `No call came about: ${what}${from}`;
}

/** How it ended, and who ended it. */
export function outcomeWords({ outcome }: Story): string {
  const detail = outcome.detail === undefined ? "" : `: ${brief(outcome.detail)}`;
  const by = outcome.by === undefined ? "" : `, ended by ${brief(outcome.by)}`;
  return `${OUTCOME_WORDS[outcome.kind]}${detail}${by}`;
}

/** `rang 8.0 s, talked 1 min 02 s, on hold 16 s, gave it to A4142`. */
export function partWords(part: Part, story: Story): string {
  const end = part.left ?? story.ended ?? story.span.to;
  const bars = story.bars.filter((b) => b.agent === part.agent && b.from >= (part.rang ?? part.answered ?? 0));
  const mine = bars.filter((b) => b.kind === "wrap_up" || b.to <= end);
  const long = (kinds: string[]) =>
    mine.filter((b) => kinds.includes(b.kind)).reduce((sum, b) => sum + b.to - b.from, 0);
  const rang = long(["ring", "transfer"]);
  const talked = long(["talk"]);
  const held = long(["hold"]);
  const wrapped = long(["wrap_up"]);
  const words = [];
  if (part.from !== undefined) words.push(`got it from ${brief(part.from)}`);
  if (rang > 0)
    words.push(`${story.direction === "outbound" && part.from === undefined ? "dialled" : "rang"} ${lasting(rang)}`);
  if (part.answered === undefined && part.holds.length === 0)
    words.push(story.direction === "outbound" && part.from === undefined ? "no answer" : "never answered");
  if (talked > 0) words.push(`talked ${lasting(talked)}`);
  if (held > 0) words.push(`on hold ${lasting(held)}`);
  if (part.to !== undefined) words.push(`gave it to ${brief(part.to)}`);
  else if (part.left !== undefined) words.push("left");
  if (wrapped > 0) words.push(`wrap-up ${lasting(wrapped)}`);
  return words.join(", ");
}

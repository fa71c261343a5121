/**
 * Whether a record is in the evidence log: worked out here, from the record, its salt, the proof and the
 * log's key (C2SP tlog-proof, RFC 6962 and RFC 9162). Anything that is not as it has to be fails.
 */
import {
  type Bytes,
  type Note,
  type Step,
  Unproved,
  fromBase64,
  parseKey,
  parseNote,
  same,
  sha256,
  toBase64,
  utf8,
  verify,
} from "./note";

/** What the server says of an entry, as far as it is checked. */
export interface Entry {
  index: number;
  time_ms: number;
  kind: string;
  /** The record to the byte; nothing when it was erased. */
  text: string | null;
  salt: string | null;
  /** Nothing as long as it is not in the log. */
  proof: string | null;
}

/** What came out. `size` is how many entries the log had when it signed. */
export type Verdict =
  | { is: "good"; size: bigint }
  /** Signed, and nothing is left that could be held against it. */
  | { is: "erased"; size: bigint }
  /** There is no proof yet. */
  | { is: "waits" }
  | { is: "bad"; step: Step; why: string };

interface Proof {
  index: bigint;
  path: Bytes[];
  checkpoint: Note;
}

interface Checkpoint {
  origin: string;
  size: bigint;
  root: Bytes;
}

const FIRST = "c2sp.org/tlog-proof@v1";
const DOMAIN = "ringfence evidence record v1\n";
const MOST_PATH = 64;
const MOST = 2n ** 64n;

/** `v1 TIME KIND COMMITMENT`: what the log says of a record. */
export async function leafText({ time_ms, kind, text, salt }: Omit<Entry, "index" | "proof">): Promise<string> {
  if (!Number.isSafeInteger(time_ms) || Object.is(time_ms, -0)) throw unlike("its time is none");
  if (!/^[a-z0-9_-]{1,32}$/.test(kind)) throw unlike("its kind is none");
  return `v1 ${time_ms} ${kind} ${await commitment(salt, text)}`;
}

const unlike = (what: string) => new Unproved("entry", `The record cannot be what was logged: ${what}.`);

/** What the log says of a record and its salt, in base64. */
export async function commitment(salt: string | null, text: string | null): Promise<string> {
  const bytes = salt === null ? undefined : fromBase64(salt);
  if (bytes?.length !== 32) throw unlike("its salt is not 32 bytes in base64");
  const record = text === null ? undefined : utf8(text);
  if (!record) throw unlike("it is no text");
  return toBase64(await sha256(utf8(DOMAIN) ?? new Uint8Array(), bytes, record));
}

export const leafHash = (text: string): Promise<Bytes> => sha256(Uint8Array.of(0), utf8(text) ?? new Uint8Array());

/** The prefix keeps a node from being shown as an entry. */
export const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(Uint8Array.of(1), left, right);

/** The root to which a path leads from an entry (RFC 9162, 2.1.3.2). */
export async function rootOf(leaf: Bytes, index: bigint, size: bigint, path: readonly Bytes[]): Promise<Bytes> {
  const wrong = (why: string) => new Unproved("path", why);
  if (index < 0n || index >= size) throw wrong(`Entry ${index} is not among the ${size} of the log's checkpoint.`);
  const length = wrong("The path from the record to the root of the log has another length than it must have.");
  let [place, last] = [index, size - 1n];
  let hash = leaf;
  for (const beside of path) {
    if (last === 0n) throw length;
    if (place % 2n === 1n || place === last) {
      hash = await nodeHash(beside, hash);
      // Up past the levels where the last subtree has no sibling.
      while (place % 2n === 0n && place !== 0n) {
        place /= 2n;
        last /= 2n;
      }
    } else {
      hash = await nodeHash(hash, beside);
    }
    place /= 2n;
    last /= 2n;
  }
  if (last !== 0n) throw length;
  return hash;
}

/** Digits without zeros before them, of 64 bits. */
function whole(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined;
  const number = BigInt(text);
  return number < MOST ? number : undefined;
}

function hashOf(text: string | undefined): Bytes | undefined {
  const bytes = text === undefined ? undefined : fromBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}

export function parseProof(text: string): Proof {
  const wrong = (line: number, what: string) =>
    new Unproved("proof", `The proof is not written as one is: line ${line} ${what}.`);
  const end = text.indexOf("\n\n");
  if (end < 0) throw new Unproved("proof", "The proof is not written as one is: it has no checkpoint.");
  const lines = text.slice(0, end).split("\n");
  if (lines[0] !== FIRST) throw wrong(1, `is not ${FIRST}`);
  let at = 1;
  const extra = /^extra (.*)$/u.exec(lines[at] ?? "");
  if (extra) {
    if (!fromBase64(extra[1] ?? "")) throw wrong(at + 1, "is not base64");
    at += 1;
  }
  const index = whole(/^index (.*)$/u.exec(lines[at] ?? "")?.[1]);
  if (index === undefined) throw wrong(at + 1, "is no number of an entry");
  at += 1;
  if (lines.length - at > MOST_PATH) throw wrong(at + MOST_PATH + 1, "is too much: no path is so long");
  const path = lines.slice(at).map((line, n) => {
    const hash = hashOf(line);
    if (!hash) throw wrong(at + n + 1, "is no hash");
    return hash;
  });
  return { index, path, checkpoint: parseNote(text.slice(end + 2)) };
}

/** The text of a checkpoint (C2SP tlog-checkpoint). */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.slice(0, -1).split("\n");
  const [origin = "", digits, coded] = lines;
  const [size, root] = [whole(digits), hashOf(coded)];
  if (!text.endsWith("\n") || lines.includes("") || size === undefined || !root)
    throw new Unproved("proof", "The checkpoint is not written as one is: it has no origin, size and root.");
  return { origin, size, root };
}

async function checked(entry: Entry, keyText: string): Promise<Verdict> {
  if ((entry.text === null) !== (entry.salt === null))
    throw new Unproved("entry", "Of the record and its salt one was erased, and the other was not.");
  const { index, text, proof } = entry;
  return inLog(index, proof, keyText, text === null ? undefined : () => leafText(entry));
}

/** Whether an entry is in the log that signed its proof; nothing more than the signature where there is no entry. */
async function inLog(
  index: number,
  proofText: string | null,
  keyText: string,
  entry: (() => Promise<string>) | undefined,
): Promise<Verdict> {
  if (!("subtle" in crypto))
    throw new Unproved("browser", "A browser checks this only on a page that came over TLS. Open this one by https.");
  const key = await parseKey(keyText);
  if (proofText === null) return { is: "waits" };
  const proof = parseProof(proofText);
  await verify(proof.checkpoint, key);
  const { origin, size, root } = parseCheckpoint(proof.checkpoint.text);
  if (origin !== key.name) throw new Unproved("log", `The checkpoint is that of another log: ${origin}.`);
  if (!Number.isSafeInteger(index) || proof.index !== BigInt(index))
    throw new Unproved("path", `The proof is that of entry ${proof.index}, and not of ${index}.`);
  if (!entry) {
    if (proof.index >= size) throw new Unproved("path", "The checkpoint has no such entry.");
    return { is: "erased", size };
  }
  const leaf = await leafHash(await entry());
  if (same(await rootOf(leaf, proof.index, size, proof.path), root)) return { is: "good", size };
  throw new Unproved(
    "path",
    "The record is not the one that was logged, or the proof is not its own: they do not lead to the root that the log signed.",
  );
}

/** What may be seen of an entry by somebody whom it is about, and who did not do it. */
export type Bare = Pick<Entry, "index" | "time_ms" | "kind" | "proof"> & { entry: string | null };

/** Checks an entry whose record is not shown: that the log has it, with its time, kind and commitment. */
export async function checkBare({ index, time_ms, kind, entry, proof }: Bare, key: string): Promise<Verdict> {
  return told(async () => {
    if (entry !== null && !entry.startsWith(`v1 ${time_ms} ${kind} `))
      throw new Unproved("entry", "The entry of the log has another time or kind than is shown.");
    return inLog(index, entry && proof, key, () => Promise.resolve(entry ?? ""));
  });
}

/** Checks an entry with a key. It never throws, and never says `good` of what it could not check. */
export const check = (entry: Entry, key: string): Promise<Verdict> => told(() => checked(entry, key));

async function told(work: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unproved) return { is: "bad", step: error.step, why: error.message };
    // What nobody foresaw proves nothing, and is no excuse either.
    return { is: "bad", step: "proof", why: `It cannot be checked: ${String(error)}.` };
  }
}

/** Whether a text is a key; why not, in words. */
export async function wrongWithKey(text: string): Promise<string | undefined> {
  if (!("subtle" in crypto)) return undefined;
  try {
    await parseKey(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

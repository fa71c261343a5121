/**
 * Whether a bundle of the evidence log is what was logged: worked out here, from the file and the log's key. The
 * format is that of docs/evidence.md. Anything that is not as it has to be fails.
 */
import { type Bytes, type Key, type Note, Unproved, parseKey, parseNote, same, sha256, verify } from "./note";
import { commitment, leafHash, parseCheckpoint, parseProof, rootOf } from "./tlog";

const FORMAT = "ringfence evidence bundle v1";
/** Bytes that a page holds in memory; `ringfence verify --bundle` needs none for that. */
export const MOST_BUNDLE = 128 * 1024 * 1024;
/** How many records are checked between two looks at the clock. */
const STEP = 25;

/** A record of a bundle, and what is wrong with it. */
export interface Checked {
  /** From 1. */
  line: number;
  /** Nothing where the line says none. */
  index: number | undefined;
  text: string | null;
  wrong?: string;
}

/** What the first line says. */
export interface About {
  key: string;
  at_ms: number;
  by: string;
  programs: string[] | null;
  filter: Record<string, string | number>;
}

export type BundleVerdict =
  | {
      is: "checked";
      about: About;
      /** Entries of the checkpoint. */
      size: bigint;
      records: Checked[];
      /** What is wrong with the whole; records say it of themselves. */
      faults: string[];
    }
  /** Nothing can be said of its records. */
  | { is: "bad"; why: string; browser: boolean };

type Fields = Record<string, unknown>;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The lines with their ends: the last may have none. */
function* linesOf(bytes: Bytes): Generator<Bytes> {
  let from = 0;
  while (from < bytes.length) {
    const end = bytes.indexOf(10, from);
    const to = end < 0 ? bytes.length : end + 1;
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** The object of a line; nothing where it is none, or could be read in two ways. */
function objectOf(line: Bytes): Fields | undefined {
  try {
    const text = decoder.decode(line);
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null || Array.isArray(found)) return undefined;
    return `${JSON.stringify(found)}\n` === text ? (found as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const textIn = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
};

function headerOf(line: Bytes | undefined): About & { checkpoint: string; whole: boolean } {
  const none = (why: string) => new Unproved("proof", `This is no bundle of an evidence log: ${why}.`);
  if (!line) throw none("the file is empty");
  let found: unknown;
  try {
    found = JSON.parse(decoder.decode(line));
  } catch {
    throw none("its first line cannot be read");
  }
  const header = (typeof found === "object" && found !== null ? found : {}) as Fields;
  if (header["format"] !== FORMAT) throw none(`its first line does not say “${FORMAT}”`);
  const [key, checkpoint] = [textIn(header, "key"), textIn(header, "checkpoint")];
  const by = (header["by"] ?? {}) as Fields;
  const [programs, filter, at_ms] = [header["programs"], header["filter"], header["at_ms"]];
  const listed = programs === null || (Array.isArray(programs) && programs.every((one) => typeof one === "string"));
  if (key === undefined || checkpoint === undefined || !listed || typeof at_ms !== "number")
    throw none("its first line is not whole");
  if (typeof filter !== "object" || filter === null) throw none("its first line is not whole");
  return {
    key,
    checkpoint,
    at_ms,
    by: textIn(by, "name") ?? textIn(by, "id") ?? "",
    programs,
    filter: filter as Record<string, string | number>,
    whole: programs === null && Object.keys(filter).length === 0,
  };
}

/** Whether a record is the one that was logged. Throws what is wrong with it. */
async function proved(item: Fields, least: number, note: Note, size: bigint, root: Bytes): Promise<void> {
  const wrong = (why: string) => new Unproved("entry", why);
  const { index, erased } = item;
  const [entry, proof] = [textIn(item, "entry"), textIn(item, "proof")];
  const [text, salt] = [textIn(item, "text"), textIn(item, "salt")];
  if (typeof index !== "number" || !Number.isSafeInteger(index) || entry === undefined || proof === undefined)
    throw wrong("The line is no record.");
  if ((erased === true) !== (text === undefined) || (text === undefined) !== (salt === undefined))
    throw wrong("A record has its text and its salt, or it was erased.");
  if (index < least) throw wrong("It is not in the order of the log, or there twice.");
  const { index: of, path, checkpoint } = parseProof(proof);
  if (of !== BigInt(index)) throw wrong(`The proof is that of entry ${of}.`);
  const alike =
    checkpoint.text === note.text && JSON.stringify(signaturesOf(checkpoint)) === JSON.stringify(signaturesOf(note));
  if (!alike) throw wrong("The proof is to another checkpoint than the bundle's.");
  const found = await rootOf(await leafHash(entry), of, size, path);
  if (!same(found, root)) throw wrong("The entry is not in the log: its proof does not lead to the signed root.");
  const [, committed] = /^v1 (?:0|-?[1-9]\d{0,18}) [a-z0-9-]{1,32} ([A-Za-z0-9+/]{43}=)$/.exec(entry) ?? [];
  if (committed === undefined) throw wrong("It is no entry of an evidence log.");
  if (text !== undefined && (await commitment(salt ?? null, text)) !== committed)
    throw wrong("The record is not the one that was logged.");
}

const signaturesOf = (note: Note) => note.signatures.map(({ name, id, bytes }) => [name, id, Array.from(bytes)]);

async function sealed(signed: string, key: Key, count: number, lines: Bytes): Promise<string[]> {
  let note: Note;
  try {
    note = parseNote(signed);
    await verify(note, key);
  } catch {
    return ["The last line is not signed by the log."];
  }
  const [, name, records, digest] =
    /^ringfence evidence bundle v1\nlog ([^\n]+)\nrecords (0|[1-9]\d{0,9})\nsha256 ([0-9a-f]{64})\n$/.exec(note.text) ??
    [];
  if (name !== key.name) return ["The last line signs something else than a bundle of this log."];
  const faults: string[] = [];
  if (Number(records) !== count)
    faults.push(`The log signed ${records} records, and there are ${count}: some were taken out or put in.`);
  const made = Array.from(await sha256(lines), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (made !== digest)
    faults.push("The lines are not those that the log signed: one of them was changed, removed or moved.");
  return faults;
}

async function checked(
  bytes: Bytes,
  keyText: string | undefined,
  progress: (done: number) => void,
): Promise<BundleVerdict> {
  if (!("subtle" in crypto))
    throw new Unproved("browser", "A browser checks this only on a page that came over TLS. Open this one by https.");
  const lines = linesOf(bytes);
  const first = lines.next();
  const { checkpoint, whole, ...about } = headerOf(first.done === true ? undefined : first.value);
  const key = await parseKey(keyText ?? about.key);
  if (keyText !== undefined && keyText !== about.key)
    throw new Unproved("log", `The bundle is of another log, or of another key: ${about.key}.`);
  const note = parseNote(checkpoint);
  await verify(note, key);
  const { origin, size, root } = parseCheckpoint(note.text);
  if (origin !== key.name) throw new Unproved("log", `The checkpoint is that of another log: ${origin}.`);

  const records: Checked[] = [];
  const faults: string[] = [];
  let [at, least, line, end] = [first.done === true ? 0 : first.value.length, 0, 1, false];
  for (const bytesOf of lines) {
    line += 1;
    if (end) {
      faults.push(`Line ${line}: something stands after the last line.`);
      break;
    }
    if (bytesOf.at(-1) !== 10) break;
    const item = objectOf(bytesOf);
    const seal = item && textIn(item, "seal");
    if (seal !== undefined) {
      end = true;
      faults.push(...(await sealed(seal, key, records.length, bytes.subarray(0, at))));
      continue;
    }
    at += bytesOf.length;
    const index = item?.["index"];
    const record: Checked = {
      line,
      index: typeof index === "number" ? index : undefined,
      text: (item && textIn(item, "text")) ?? null,
    };
    try {
      if (!item) throw new Unproved("entry", "The line cannot be read, or is written otherwise than a bundle's are.");
      await proved(item, least, note, size, root);
    } catch (error) {
      record.wrong = error instanceof Error ? error.message : String(error);
    }
    records.push(record);
    if (record.index !== undefined) {
      if (whole && record.index > least) faults.push(missing(least, record.index - 1));
      least = Math.max(least, record.index + 1);
    }
    if (records.length % STEP === 0) {
      progress(at / bytes.length);
      // The page stays a page meanwhile.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  if (!end) faults.push("The bundle is cut off: its last line is missing.");
  else if (whole && BigInt(least) < size) faults.push(missing(least, Number(size) - 1));
  return { is: "checked", about, size, records, faults };
}

/** How many records a bundle says that it has, as it was sent; nothing where its last line did not come. */
export async function sentRecords(bundle: Blob): Promise<number | undefined> {
  const end = await bundle.slice(-MOST_SEAL).text();
  const last = end.endsWith("\n") ? end.slice(0, -1).split("\n").at(-1) : undefined;
  const [, records] =
    /^\{"seal":"ringfence evidence bundle v1\\nlog [^"]*\\nrecords (\d{1,10})\\n/.exec(last ?? "") ?? [];
  return records === undefined ? undefined : Number(records);
}

/** Bytes of a last line: a text of some lines, and a signature. */
const MOST_SEAL = 8_192;

const missing = (first: number, last: number) =>
  `Entries ${first} to ${last} are missing, although the bundle is of the whole log.`;

/**
 * Checks a bundle with a key, or with the one that it names itself. It never throws, and says of nothing that it is
 * good that it could not check.
 */
export async function checkBundle(
  bytes: Bytes,
  key: string | undefined,
  progress: (done: number) => void = () => undefined,
): Promise<BundleVerdict> {
  try {
    return await checked(bytes, key, progress);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { is: "bad", why, browser: error instanceof Unproved && error.step === "browser" };
  }
}

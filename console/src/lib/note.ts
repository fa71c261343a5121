/** Signed notes and the keys that they are checked with (C2SP signed-note). Whatever is written otherwise fails. */

export type Bytes = Uint8Array<ArrayBuffer>;

/** What was being looked at when it failed. */
export type Step = "key" | "proof" | "signature" | "log" | "entry" | "path" | "browser";

/** Why something is not proved, in words. */
export class Unproved extends Error {
  override readonly name = "Unproved";
  constructor(
    readonly step: Step,
    message: string,
  ) {
    super(message);
  }
}

/** A key and the name of the log that signs with it. */
export interface Key {
  name: string;
  /** Which key of that name: eight digits. */
  id: string;
  public: Bytes;
}

interface Signature {
  name: string;
  id: string;
  bytes: Bytes;
}

export interface Note {
  /** With its last end of line. */
  text: string;
  signatures: Signature[];
}

const MOST_BYTES = 65_536;
const MOST_SIGNATURES = 64;
/** A key of Ed25519 that signs checkpoints. */
const ED25519 = 1;

const encoder = new TextEncoder();

/** Its bytes; half a character has none. */
export function utf8(text: string): Bytes | undefined {
  return /\p{Surrogate}/u.test(text) ? undefined : encoder.encode(text);
}

export function join(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const sha256 = async (...parts: Bytes[]): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

export const same = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);

export const toBase64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes));

/** From base64 in its one form; nothing else is taken. */
export function fromBase64(text: string): Bytes | undefined {
  try {
    const binary = atob(text);
    return btoa(binary) === text ? Uint8Array.from(binary, (char) => char.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}

const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const isName = (name: string): boolean => name !== "" && !/[\s+\p{Cc}\p{Surrogate}]/u.test(name);

/** `NAME+ID+BASE64`. */
export async function parseKey(text: string): Promise<Key> {
  // Base64 has a `+` too: the first two belong to the form.
  const [, name = "", id = "", coded = ""] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text) ?? [];
  const bytes = fromBase64(coded);
  if (!isName(name) || bytes?.length !== 33) throw new Unproved("key", "The key is not written as a key is.");
  if (bytes[0] !== ED25519) throw new Unproved("key", "The key is of a kind that is not known here.");
  const named = utf8(`${name}\n`) ?? new Uint8Array();
  const wanted = hex((await sha256(named, bytes)).subarray(0, 4));
  if (wanted !== id) throw new Unproved("key", "The key does not fit its own name: it was changed or cut.");
  return { name, id, public: bytes.slice(1) };
}

/** Reads a note; nothing of it is believed before `verify`. */
export function parseNote(whole: string): Note {
  const wrong = (what: string) => new Unproved("proof", `The checkpoint is not written as one is: ${what}.`);
  const bytes = utf8(whole);
  if (!bytes || /[\u0000-\u0009\u000B-\u001F]/.test(whole)) throw wrong("it has a character that none has");
  if (bytes.length > MOST_BYTES) throw wrong("it is too large");
  const at = whole.lastIndexOf("\n\n");
  if (at < 0 || !whole.endsWith("\n")) throw wrong("its text and its signatures are not parted");
  const lines = whole.slice(at + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw wrong("it has too many signatures");
  const signatures = lines.map((line) => {
    const [, name = "", coded = ""] = /^\u2014 ([^ ]+) ([^ ]+)$/u.exec(line) ?? [];
    const signed = fromBase64(coded);
    if (!isName(name) || !signed || signed.length < 5) throw wrong("a signature of it is none");
    return { name, id: hex(signed.subarray(0, 4)), bytes: signed.slice(4) };
  });
  return { text: whole.slice(0, at + 1), signatures };
}

/** Whether a key signed a note; keys that are not known say nothing about it. */
export async function verify(note: Note, key: Key): Promise<void> {
  const known = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  if (known.length === 0) {
    const by = note.signatures.map(({ name }) => name).join(", ");
    throw new Unproved("log", `It is signed by another log, or with another key: by ${by}, and not by ${key.name}.`);
  }
  const text = utf8(note.text);
  const signer = await imported(key);
  for (const { bytes } of known) {
    // One after the other: there is one, as a rule.
    const good =
      text !== undefined && bytes.length === 64 && (await crypto.subtle.verify("Ed25519", signer, bytes, text));
    if (!good) throw new Unproved("signature", "The signature under the log's checkpoint is false.");
  }
}

async function imported(key: Key): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError")
      throw new Unproved("browser", "This browser cannot check signatures of Ed25519. Use a newer one.");
    throw new Unproved("key", "The key is none of Ed25519.");
  }
}

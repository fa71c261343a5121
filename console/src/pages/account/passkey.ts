/** A passkey is made, by the browser and the server together. */
import { api, ask } from "../../api/client";

/** Why this browser makes none, if it does not. */
export const noPasskeysHere = (): string | undefined =>
  typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential
    ? undefined
    : "This browser has no passkeys. A newer one does.";

const SAID: Record<string, string> = {
  NotAllowedError: "Nothing was made: it was left off, or took too long. Try again.",
  InvalidStateError: "This device has a passkey of yours already.",
  SecurityError: "Passkeys work only at the address that this server is set up for.",
  NotSupportedError: "This device makes no passkey of the kind that is needed.",
};

/** What the browser said, in words for whoever sits before it. */
export const sayMaking = (error: unknown): string =>
  error instanceof DOMException
    ? (SAID[error.name] ?? `The browser said: ${error.message}`)
    : error instanceof Error
      ? error.message
      : "It was not made.";

export async function makePasskey(name: string): Promise<void> {
  const { flow, options } = await ask(api.POST("/api/v1/me/passkeys/begin"));
  // The contract leaves to WebAuthn what they hold.
  const asked = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked),
  });
  if (!(made instanceof PublicKeyCredential)) throw new Error("The browser made something else than a passkey.");
  const credential = made.toJSON() as Record<string, unknown>;
  await ask(api.POST("/api/v1/me/passkeys", { body: { flow, credential, name } }));
}

// A real OpenID Connect provider (npm `oidc-provider`) on this machine, for tests.
//
//   node provider.mjs '{"redirect_uris": […], "backchannel_logout_uri": "…"}'
//
// Prints one line of JSON with its `issuer` when it listens. A line `rotate` on its input gives it other keys; its
// end of input ends it. Whoever types a name is that person; what they showed (`amr`) is typed too.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";
import { Provider } from "oidc-provider";

const asked = JSON.parse(process.argv[2]);
let handle = (_, answer) => answer.end();
const server = createServer((request, answer) => handle(request, answer));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

async function key(n) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const jwk = await webcrypto.subtle.exportKey("jwk", pair.privateKey);
  return { ...jwk, kid: `key-${n}`, alg: "ES256", use: "sig", key_ops: undefined, ext: undefined };
}

const page = (uid) => `<!doctype html><html lang="en"><title>Provider</title><main><h1>Provider</h1>
<form method="post" action="/interaction/${uid}"><label>Name <input name="login" required autofocus></label>
<label>Shown <input name="amr" value="pwd"></label><button>Go in</button></form></main></html>`;

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

async function open(n) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "ringfence",
        client_secret: "a secret of a test: 100% & more",
        id_token_signed_response_alg: "ES256",
        backchannel_logout_session_required: true,
        ...asked,
      },
    ],
    jwks: { keys: [await key(n)] },
    cookies: { keys: ["a key of a test"] },
    claims: {
      openid: ["sub", "auth_time", "amr", "sid"],
      profile: ["preferred_username"],
      email: ["email", "email_verified"],
    },
    enabledJWA: { idTokenSigningAlgValues: ["ES256", "RS256"] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // It would call back no address of this machine's own; here there is no other.
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        preferred_username: id,
        email: `${id}@example.com`,
        email_verified: !id.startsWith("unverified"),
      }),
    }),
    async loadExistingGrant(ctx) {
      const { client, session, provider: of } = ctx.oidc;
      const grant = new of.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  handle = async (request, response) => {
    const [, where, uid] = request.url.split("/");
    if (where !== "interaction") return answer(request, response);
    if (request.method === "GET") return response.setHeader("content-type", "text/html").end(page(uid));
    const form = await body(request);
    const amr = form.get("amr").split(" ").filter(Boolean);
    const login = { accountId: form.get("login"), amr, remember: true };
    return provider.interactionFinished(request, response, { login }).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  };
}

let keys = 0;
await open(keys);
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "rotate") {
    keys += 1;
    await open(keys);
    process.stdout.write(`${JSON.stringify({ keys })}\n`);
  }
}
process.exit(0);

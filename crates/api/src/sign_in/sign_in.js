// Passkeys, and two conveniences. Without this script a name, a password and a code still sign in.
"use strict";

/** A passkey is shown or made, put into the form, and the form goes its way. */
function passkey(form) {
  const making = form.dataset.passkey === "create";
  const said = form.querySelector(".failed");
  const say = (text) => {
    said.textContent = text;
    said.hidden = false;
  };
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseCreationOptionsFromJSON) {
    form.querySelector("button").disabled = true;
    say("This browser has no passkeys.");
    return;
  }
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    said.hidden = true;
    const asked = JSON.parse(form.dataset.options);
    try {
      const credential = making
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      const words = {
        NotAllowedError: "Nothing was shown, or it took too long. Try again.",
        InvalidStateError: "This device has a passkey for you already.",
        SecurityError: "Passkeys work only at the address that this server is set up for.",
      };
      say(words[error.name] || `The browser said: ${error.message}`);
    }
  });
}

document.querySelectorAll("form[data-passkey]").forEach(passkey);

// A code behind the # of a link never reaches a server by itself, nor stays in the history.
const enrol = document.getElementById("enrol");
if (enrol && location.hash.length > 1) {
  enrol.elements.code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  enrol.submit();
}

// A link from elsewhere comes without the session's cookie: whoever is signed in goes on.
const next = document.querySelector('form[action="/signin"] input[name="next"]');
if (next && !document.querySelector(".error") && !new URLSearchParams(location.search).has("again")) {
  fetch("/api/v1/session", { headers: { Accept: "application/json" } }).then((answer) => {
    if (answer.ok) location.replace(next.value);
  }, () => {});
}

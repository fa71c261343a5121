//! What the pages show.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use ringfence_federation::Provider;
use ringfence_state::Account;
use url::Url;

use crate::problem::Problem;
use crate::sign_in::html::{leads_on, page};

/// How somebody can sign in besides a name and a password.
pub(crate) struct Ways<'a> {
    /// A flow and the options of a passkey.
    pub passkey: Option<&'a (String, String)>,
    /// Providers that vouch for people.
    pub providers: &'a [Provider],
    /// They are to sign in anew, also there.
    pub again: bool,
}

/// The page where somebody signs in.
pub(crate) fn sign_in(
    status: StatusCode,
    next: &str,
    ways: &Ways<'_>,
    error: Option<&str>,
) -> Response {
    let asked = ways.passkey;
    let body = html! {
        (alert(error))
        @if let Some((flow, options)) = asked {
            (passkey(flow, options, next, error.is_none()))
        }
        @for provider in ways.providers {
            form method="post" action=(format!("/signin/with/{}", provider.name())) {
                input type="hidden" name="next" value=(next);
                @if ways.again { input type="hidden" name="again" value="yes"; }
                button type="submit" { "Sign in with " (provider.label()) }
            }
        }
        @if asked.is_some() || !ways.providers.is_empty() { p.or { span { "or" } } }
        form method="post" action="/signin" {
            input type="hidden" name="next" value=(next);
            label for="login" { "Sign-in name" }
            input #login name="login" type="text" autocomplete="username" autocapitalize="none"
                spellcheck="false" maxlength="254" required
                autofocus[asked.is_none() || error.is_some()];
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password"
                maxlength="256" required;
            button type="submit" { "Continue" }
        }
        p.hint {
            "Somebody gave you an enrolment code? " a href="/enrol" { "Set up how you sign in" } "."
        }
    };
    page(status, "Sign in", &body)
}

/// The button of a passkey. The script of the page shows it.
fn passkey(flow: &str, options: &str, next: &str, first: bool) -> Markup {
    html! {
        form.passkey method="post" action="/signin/passkey" data-passkey="get" data-options=(options) {
            input type="hidden" name="flow" value=(flow);
            input type="hidden" name="next" value=(next);
            input type="hidden" name="credential";
            button.first type="submit" autofocus[first] { "Sign in with a passkey" }
            p.hint.failed role="alert" hidden {}
        }
    }
}

/// The step after a provider that vouched by one factor: `asked` is a flow and the options of a passkey, if
/// they have one.
pub(crate) fn second(
    status: StatusCode,
    (flow, next): (&str, &str),
    asked: Option<&(String, String)>,
    codes: bool,
    error: Option<&str>,
) -> Response {
    let body = html! {
        p { "One of yours from here goes with that of your provider." }
        (alert(error))
        @if let Some((flow, options)) = asked {
            (passkey(flow, options, next, error.is_none()))
            @if codes { p.or { span { "or" } } }
        }
        @if codes { (code_form(flow, next, asked.is_none() || error.is_some())) }
        p.hint { a href="/signin" { "Begin again" } }
    };
    page(status, "One more step", &body)
}

/// Leads to a provider.
pub(crate) fn to_provider(label: &str, url: &Url) -> Result<Response, Problem> {
    let body = html! { p { "You sign in at " strong { (label) } " and come back." } };
    leads_on(url.as_str(), "One moment", &body)
}

/// Leads on after a provider: a browser gives the cookie of a session to pages that one of ours leads to.
pub(crate) fn done(next: &str) -> Result<Response, Problem> {
    leads_on(next, "You are signed in", &html! {})
}

/// What went wrong on the way by a provider, for somebody who was signed in before.
pub(crate) fn failed(next: &str, error: &str) -> Response {
    let body = html! {
        (alert(Some(error)))
        p { a.button.first href=(next) autofocus { "Go on" } }
    };
    page(StatusCode::OK, "That did not work", &body)
}

/// Turns somebody away. It costs next to nothing: it is made when very many come.
pub(crate) fn busy() -> Response {
    let body = html! {
        (alert(Some("Too many sign-ins are being tried just now. Wait a minute, or use a passkey.")))
        p { a.button.first href="/signin" { "Try again" } }
    };
    page(StatusCode::TOO_MANY_REQUESTS, "Sign in", &body)
}

/// The second step after a password.
pub(crate) fn code(status: StatusCode, flow: &str, next: &str, error: Option<&str>) -> Response {
    let body = html! {
        (alert(error))
        (code_form(flow, next, true))
        p.hint { a href="/signin" { "Begin again" } }
    };
    page(status, "One more step", &body)
}

fn code_form(flow: &str, next: &str, first: bool) -> Markup {
    html! {
        form method="post" action="/signin/code" {
            input type="hidden" name="flow" value=(flow);
            input type="hidden" name="next" value=(next);
            label for="code" { "One-time code" }
            input #code name="code" type="text" inputmode="text" autocomplete="one-time-code"
                autocapitalize="none" spellcheck="false" maxlength="40" required autofocus[first]
                aria-describedby="which";
            p.hint #which { "The six digits that your authenticator shows now, or a recovery code." }
            button.first type="submit" { "Sign in" }
        }
    }
}

/// Where an enrolment code is shown.
pub(crate) fn enrol(status: StatusCode, error: Option<&str>) -> Response {
    let body = html! {
        p { "With an enrolment code you set up how you sign in. It works once." }
        (alert(error))
        form #enrol method="post" action="/enrol" {
            label for="code" { "Enrolment code" }
            input #code name="code" type="password" autocomplete="off" spellcheck="false"
                maxlength="100" placeholder="rfe_…" required autofocus;
            button.first type="submit" { "Continue" }
        }
        p.hint { "Set up already? " a href="/signin" { "Sign in" } "." }
    };
    page(status, "Welcome", &body)
}

/// Where the first administrator says who they are.
pub(crate) fn who(
    status: StatusCode,
    flow: &str,
    login: &str,
    name: &str,
    error: Option<&str>,
) -> Response {
    let body = html! {
        p { "You are the first administrator here. Choose how you are called." }
        (alert(error))
        form method="post" action="/enrol/name" {
            input type="hidden" name="flow" value=(flow);
            label for="name" { "Your name" }
            input #name name="name" type="text" autocomplete="name" maxlength="128" required autofocus
                value=(name);
            label for="login" { "Sign-in name" }
            input #login name="login" type="text" autocomplete="username" autocapitalize="none"
                spellcheck="false" maxlength="254" required value=(login) aria-describedby="login-is";
            p.hint #login-is { "Such as your address for mail. Capitals make no difference." }
            button.first type="submit" { "Continue" }
        }
    };
    page(status, "Who are you?", &body)
}

/// What somebody who enrols chooses from.
pub(crate) struct Choice<'a> {
    pub account: &'a Account,
    pub flow: &'a str,
    /// The options of a passkey; else, in words, why there is none.
    pub passkey: Result<String, &'a str>,
    /// A picture for authenticators, and the same as text.
    pub picture: &'a str,
    pub secret: &'a str,
    pub error: Option<&'a str>,
}

/// Where somebody sets up how they sign in.
pub(crate) fn choose(status: StatusCode, choice: &Choice<'_>) -> Response {
    let Choice {
        account,
        flow,
        picture,
        secret,
        ..
    } = choice;
    let body = html! {
        p { "This is for " strong { (account.principal.name) } ", who signs in as "
            strong { (account.login) } "." }
        (alert(choice.error))
        @match &choice.passkey {
            Ok(options) => form.passkey method="post" action="/enrol/passkey" data-passkey="create"
                data-options=(options) {
                h2 { "With a passkey" }
                p { "Your device asks for a fingerprint, your face or a PIN. Nothing can be guessed or \
                     passed on: take this if you can." }
                input type="hidden" name="flow" value=(flow);
                input type="hidden" name="credential";
                label for="label" { "What to call it" }
                input #label name="label" type="text" maxlength="128" value="Passkey" required;
                button.first type="submit" { "Make a passkey" }
                p.hint.failed role="alert" hidden {}
                noscript { p.hint { "A passkey needs a script of this page, which your browser did not run." } }
            },
            Err(why) => p.hint { "There are no passkeys here: " (why) "." },
        }
        details open[choice.passkey.is_err() || choice.error.is_some()] {
            summary { h2 { "With a password and one-time codes" } }
            form method="post" action="/enrol/password" {
                input type="hidden" name="flow" value=(flow);
                // For password managers.
                input type="text" name="login" value=(account.login) autocomplete="username" readonly hidden;
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="new-password"
                    minlength="12" maxlength="256" required aria-describedby="rules";
                p.hint #rules { "At least 12 characters, a letter and a digit among them, and nothing \
                    that is often used." }
                label for="again" { "The same again" }
                input #again name="again" type="password" autocomplete="new-password" maxlength="256" required;
                p { "Read this with an authenticator, or type it in:" }
                figure {
                    (PreEscaped(picture))
                    figcaption { code { (secret) } }
                }
                label for="code" { "The code that it shows now" }
                input #code name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                    maxlength="10" required;
                button type="submit" { "Set up" }
            }
        }
    };
    page(status, "Set up how you sign in", &body)
}

/// The end of an enrolment, with recovery codes, if there are any: they are shown this once.
pub(crate) fn enrolled(codes: &[String]) -> Response {
    let body = html! {
        @if codes.is_empty() {
            p { "You are signed in. A passkey that is lost cannot be guessed nor sent again: make a second \
                 one on another device, under “My account”." }
            p { a.button.first href="/" { "Go on" } }
        } @else {
            p { "You are signed in. These recovery codes take the place of a one-time code when a device \
                 is lost. Each works once, with your password; they are not shown again." }
            ol.codes { @for code in codes { li { code { (code) } } } }
            p.hint { "Print them, or keep them in a password manager." }
            p { a.button.first href="/" { "I have kept them" } }
        }
    };
    page(StatusCode::OK, "It is set up", &body)
}

fn alert(error: Option<&str>) -> Markup {
    html! { @if let Some(error) = error { p.error role="alert" { (error) } } }
}

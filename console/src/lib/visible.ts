/** Texts from outside, so that nothing in them hides. */

/** Control characters, those that turn the direction of text, and those that show nothing at all. */
const HIDDEN =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g;

/**
 * A text with its hidden characters as signs: a name that runs backwards or is padded with nothing is
 * seen to be so. Tabs and line breaks stay, and so do the joiners that scripts and emoji need.
 */
export const visible = (text: string): string =>
  text.replace(HIDDEN, (c) => {
    const code = c.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });

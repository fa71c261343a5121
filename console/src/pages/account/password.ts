/** What a new password has to be, as far as that can be told without the server. */

export const RULE =
  "At least 12 characters, a letter and a digit among them; none of your last four, and nothing that is often used.";

/** What is wrong with it; nothing for one that the server is to judge. */
export function wrongWith(password: string): string | undefined {
  if (Array.from(password).length < 12) return "Use at least 12 characters.";
  if (Array.from(password).length > 256) return "Use at most 256 characters.";
  if (!/\p{L}/u.test(password)) return "Add a letter.";
  if (!/\d/.test(password)) return "Add a digit.";
  return undefined;
}

/** JSON that came from outside, as it can be shown and asked about. */

/** Every value inside a JSON document with its path, such as `ocsf.sip.method`. */
export function leaves(text: string, most = 200): (readonly [string, unknown])[] {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    return [];
  }
  const found: (readonly [string, unknown])[] = [];
  const walk = (at: unknown, path: string, depth: number) => {
    if (found.length >= most) return;
    // The server's paths go through objects only: a list is one value.
    if (typeof at === "object" && at !== null && !Array.isArray(at) && depth < 12) {
      for (const [key, value] of Object.entries(at)) walk(value, `${path}.${key}`, depth + 1);
    } else if (at !== null && at !== "") found.push([path, at]);
  };
  if (typeof whole === "object" && whole !== null && !Array.isArray(whole)) walk(whole, "ocsf", 0);
  return found;
}

/** JSON with line breaks; other text as it is. */
export function pretty(text: string): string {
  const first = text.trimStart().charAt(0);
  if (first !== "{" && first !== "[") return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A fact of a call inside the JSON text of the column `enrichment`, as it stands there. */
export const factText = (name: string, value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;

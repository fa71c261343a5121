/** What browsers say they are, and what somebody signed in with, in words. */

/** The more special first: most say that they are also the others. */
const BROWSERS: [RegExp, string][] = [
  [/\b(?:Edg|EdgA|EdgiOS)\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\bSamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\b(?:iPhone|iPad|iPod)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\b(?:Macintosh|Mac OS X)\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** `Firefox 128 on Windows`; what is not known stays as it was said. */
export function browserWords(said: string): string {
  const system = SYSTEMS.find(([pattern]) => pattern.test(said))?.[1];
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(said)?.[1];
    if (version !== undefined) return system === undefined ? `${name} ${version}` : `${name} ${version} on ${system}`;
  }
  return said.trim() === "" ? "a browser that says nothing" : said;
}

const METHODS: Record<string, string> = {
  passkey: "passkey",
  password: "password",
  totp: "one-time code",
  recovery: "recovery code",
  oidc: "linked account",
  mfa: "a second factor there",
};

/** `password,totp`: `password and one-time code`. */
export const methodWords = (methods: string): string =>
  methods
    .split(",")
    .map((method) => METHODS[method] ?? method.replaceAll("_", " "))
    .join(" and ");

import { describe, expect, it } from "vitest";
import { browserWords, methodWords } from "./browser";

describe("browsers in words", () => {
  it("knows the usual ones", () => {
    for (const [said, words] of [
      ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Windows"],
      [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Chrome 140 on Linux",
      ],
      [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
        "Edge 140 on Windows",
      ],
      [
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "Safari 18 on macOS",
      ],
      [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "Safari 18 on iOS",
      ],
      [
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        "Chrome 140 on Android",
      ],
    ] as const)
      expect(browserWords(said)).toBe(words);
  });

  it("leaves the others as they are", () => {
    expect(browserWords("curl/8.5")).toBe("curl/8.5");
    expect(browserWords(" ")).toBe("a browser that says nothing");
  });
});

it("says what was shown at sign-in", () => {
  expect(methodWords("passkey")).toBe("passkey");
  expect(methodWords("password,totp")).toBe("password and one-time code");
  expect(methodWords("oidc,totp")).toBe("linked account and one-time code");
  expect(methodWords("password,recovery")).toBe("password and recovery code");
  expect(methodWords("single_sign_on")).toBe("single sign on");
});

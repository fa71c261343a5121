import { expect, it } from "vitest";
import { visible } from "./visible";

it("shows what hides, and leaves the rest", () => {
  expect(visible("invoice\u202Efdp.exe")).toBe("invoice⟨U+202E⟩fdp.exe");
  expect(visible("a\u0000\u001Bb\u007F")).toBe("a␀␛b␡");
  expect(visible("ad\u200Bmin\uFEFF")).toBe("ad⟨U+200B⟩min⟨U+FEFF⟩");
  expect(visible("line\r\n\tnext مرحبا 👩‍💻 é")).toBe("line\r\n\tnext مرحبا 👩‍💻 é");
});

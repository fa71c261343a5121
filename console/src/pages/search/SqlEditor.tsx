/** The editor of SQL: completion of columns and functions, what is wrong marked where it is. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  type Completion,
  completionKeymap,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { keywordCompletionSource, SQLDialect, schemaCompletionSource } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { COLUMNS } from "./columns";
import { FUNCTIONS, KEYWORDS } from "./dialect";
import type { Place } from "./problems";
import classes from "./SqlEditor.module.css";

const keywords = [...KEYWORDS].join(" ").toLowerCase();
const dialect = SQLDialect.define({
  keywords,
  builtin: FUNCTIONS.map((f) => f.name).join(" "),
  types: "text varchar int bigint double boolean timestamp date interval decimal",
  identifierQuotes: '"`',
  caseInsensitiveIdentifiers: true,
});

const columns: Completion[] = COLUMNS.map((c) => ({ label: c.name, type: "property", detail: c.kind, info: c.help }));
const functions: Completion[] = FUNCTIONS.map((f) =>
  snippetCompletion(`${f.name}(\${})`, { label: f.name, type: "function", detail: `(${f.takes})`, info: f.help }),
);

/** Functions are offered with what they take, so they are no plain words. */
const words = SQLDialect.define({ keywords });
const completion = [
  schemaCompletionSource({ dialect, schema: { events: columns }, defaultTable: "events" }),
  keywordCompletionSource(words, true),
].map((source) => dialect.language.data.of({ autocomplete: source }));
completion.push(dialect.language.data.of({ autocomplete: functions }));

/** Where something is wrong, as an offset; nothing when nothing is. */
const mark = StateEffect.define<number | null>();
const wrong = Decoration.mark({ class: classes["wrong"] ?? "", attributes: { "aria-invalid": "true" } });
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, change) {
    let next = change.docChanged ? Decoration.none : value;
    for (const effect of change.effects) {
      if (!effect.is(mark)) continue;
      next = Decoration.none;
      if (effect.value === null) continue;
      const text = change.state.doc.sliceString(effect.value, effect.value + 80);
      const long = /^[\p{L}\p{N}_]+|^\S/u.exec(text)?.[0].length ?? 0;
      if (long > 0) next = Decoration.set(wrong.range(effect.value, effect.value + long));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, class: classes["keyword"] ?? "" },
  { tag: [tags.standard(tags.name), tags.typeName], class: classes["builtin"] ?? "" },
  { tag: tags.string, class: classes["literal"] ?? "" },
  { tag: [tags.number, tags.bool, tags.null], class: classes["number"] ?? "" },
  { tag: tags.comment, class: classes["comment"] ?? "" },
]);

/** The page's own rules forbid styles without it. */
const nonce = (): string => document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

export default function SqlEditor({
  value,
  onChange,
  onRun,
  place,
  ref,
}: {
  value: string;
  onChange: (text: string) => void;
  onRun: (text: string) => void;
  place: Place | undefined;
  /** Takes the focus for the page. */
  ref: React.RefObject<{ focus: () => void } | null>;
}) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const held = useRef({ onChange, onRun });
  const first = useRef(value);
  useEffect(() => {
    held.current = { onChange, onRun };
  });
  useEffect(() => {
    if (!box.current) return;
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, maxRenderedOptions: 40 }),
          new LanguageSupport(dialect.language, completion),
          syntaxHighlighting(colours),
          marks,
          placeholder("SELECT time, agent, message FROM events WHERE … (Ctrl-Space completes, Ctrl-Enter runs)"),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "SQL", spellcheck: "false", autocapitalize: "off" }),
          Prec.highest(
            keymap.of([
              {
                key: "Mod-Enter",
                run: (v) => {
                  closeCompletion(v);
                  held.current.onRun(v.state.doc.toString());
                  return true;
                },
              },
              { key: "Tab", run: acceptCompletion },
            ]),
          ),
          // Escape leaves the editor, so that the page's own keys are at hand again.
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          keymap.of([{ key: "Escape", run: (v) => (v.contentDOM.blur(), true) }]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) held.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    ref.current = { focus: () => made.focus() };
    return () => {
      ref.current = null;
      view.current = null;
      made.destroy();
    };
  }, [ref]);
  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== value) {
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
    }
  }, [value]);
  const line = place?.line;
  const column = place?.column;
  useEffect(() => {
    const now = view.current;
    if (!now) return;
    let at: number | null = null;
    if (line !== undefined && column !== undefined && line >= 1 && line <= now.state.doc.lines) {
      const of = now.state.doc.line(line);
      at = Math.min(of.from + Math.max(column - 1, 0), Math.max(of.to - 1, of.from));
    }
    now.dispatch({ effects: mark.of(at) });
  }, [line, column, value]);
  return <div ref={box} className={classes["editor"]} />;
}

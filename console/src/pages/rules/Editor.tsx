/** Text by lines: a plain field with numbers beside it, and a sign at the lines that are wrong. */
import { Group, Text } from "@mantine/core";
import { type ReactNode, type RefObject, useId, useRef } from "react";
import classes from "./Editor.module.css";

const NONE: ReadonlyMap<number, string[]> = new Map();

export function Editor({
  label,
  aside,
  value,
  onChange,
  field,
  wrong = NONE,
  rows = 18,
  placeholder,
  run,
}: {
  label: string;
  aside?: ReactNode;
  value: string;
  onChange: (text: string) => void;
  /** For whoever moves the caret. */
  field: RefObject<HTMLTextAreaElement | null>;
  wrong?: ReadonlyMap<number, string[]>;
  rows?: number;
  placeholder?: string;
  /** Called by Ctrl-Enter. */
  run: () => void;
}) {
  const id = useId();
  const gutter = useRef<HTMLDivElement>(null);
  const lines = value.split("\n").length;
  return (
    <div style={{ minWidth: 0 }}>
      <Group justify="space-between" mb={4} mih={30} gap="xs">
        <Text component="label" htmlFor={id} size="sm" fw={600}>
          {label}
        </Text>
        {aside}
      </Group>
      <div className={classes["box"]}>
        <div ref={gutter} className={classes["gutter"]} aria-hidden="true">
          {Array.from({ length: lines }, (_, i) => {
            const what = wrong.get(i + 1);
            return (
              <div key={i} className={what ? classes["wrong"] : undefined} title={what?.join("\n")}>
                {what ? `✕ ${i + 1}` : i + 1}
              </div>
            );
          })}
        </div>
        <textarea
          ref={field}
          id={id}
          className={classes["text"]}
          rows={rows}
          value={value}
          placeholder={placeholder}
          onChange={(e) => onChange(e.currentTarget.value)}
          onScroll={(e) => {
            if (gutter.current) gutter.current.scrollTop = e.currentTarget.scrollTop;
          }}
          onKeyDown={(e) => {
            if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
              e.preventDefault();
              run();
            }
          }}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          aria-invalid={wrong.size > 0}
          maxLength={200_000}
        />
      </div>
    </div>
  );
}

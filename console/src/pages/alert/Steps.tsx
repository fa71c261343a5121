/** What to do first. The ticks are this browser's: they help one person through, and tell nobody. */
import { Checkbox, Paper, Text } from "@mantine/core";
import { useState } from "react";

const KEY = "rf-steps";
const MOST = 200;

type Ticks = Record<string, number[]>;

function read(): Ticks {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof held === "object" && held !== null ? (held as Ticks) : {};
  } catch {
    return {};
  }
}

function write(id: string, done: number[]): void {
  const kept = Object.entries(read())
    .filter(([key]) => key !== id)
    .slice(-MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries([...kept, ...(done.length > 0 ? [[id, done]] : [])])));
  } catch {
    // A full or forbidden store costs the ticks only.
  }
}

export function Steps({ id, steps }: { id: string; steps: readonly string[] }) {
  const [done, setDone] = useState<readonly number[]>(() => {
    const held = read()[id];
    return Array.isArray(held) ? held : [];
  });
  const toggle = (step: number) => {
    const next = done.includes(step) ? done.filter((n) => n !== step) : [...done, step];
    setDone(next);
    write(id, next);
  };
  if (steps.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The rule names none. Look at what happened below.
      </Text>
    );
  }
  return (
    <Paper p="md">
      <ol style={{ margin: 0, padding: 0, listStyle: "none" }}>
        {steps.map((step, i) => (
          <li key={i} style={{ padding: "3px 0" }}>
            <Checkbox
              checked={done.includes(i)}
              onChange={() => toggle(i)}
              label={
                <>
                  <b>{i + 1}</b>{" "}
                  <bdi style={done.includes(i) ? { textDecoration: "line-through" } : undefined}>{step}</bdi>
                </>
              }
            />
          </li>
        ))}
      </ol>
      {done.length > 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          Ticks stay in this browser. Write a note for the others.
        </Text>
      )}
    </Paper>
  );
}

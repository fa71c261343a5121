/** Ctrl-K: type what you have (a number, an agent, an alert's words) and go there. */
import { Group, Kbd, Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { type EntityKind, alertsQuery } from "../api/queries";
import { SeverityShape } from "../ui/Severity";
import { useSees } from "./session";

interface Place {
  id: string;
  label: string;
  hint: string;
  icon?: ReactNode;
  go: () => void;
}

const PAGES = [
  ["/", "Now", "what is wrong"],
  ["/alerts", "Alerts", "grouped by story"],
  ["/calls", "Calls", "that go on now"],
  ["/search", "Search", "SQL over all events"],
  ["/sources", "Sources", "health, and how to connect one"],
  ["/rules", "Rules", "what is looked for"],
  ["/access", "Access", "who may do what"],
  ["/people", "People", "accounts, invitations, roles"],
  ["/reviews", "Reviews", "who still needs what they hold"],
  ["/evidence", "Evidence", "who did what, and the proof of it"],
  ["/account", "My account", "how I sign in, and where"],
  ["/design", "Design", "signs and what they mean"],
] as const;

/** What a text could be, likeliest first. */
export function guesses(text: string): EntityKind[] {
  if (/^call-[0-9a-f]+$/i.test(text) || text.includes("@")) return ["call"];
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text) || (/^[0-9a-f:]+$/i.test(text) && text.split(":").length > 2))
    return ["address"];
  if (/^\+?\d{5,15}$/.test(text)) return ["number", "agent", "call", "customer"];
  if (/^(desk|pc|laptop|ws)[-_]/i.test(text) || /^[\w-]+\.[\w.-]+$/.test(text)) return ["device", "agent"];
  if (/^c-?\d/i.test(text)) return ["customer", "call", "agent"];
  return ["agent", "customer", "device", "call", "number"];
}

export function Palette({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const sees = useSees();
  const [asked] = useDebouncedValue(text.trim(), 150);
  const alerts = useQuery({
    ...alertsQuery({ text: asked, limit: 6, order: "most_severe" }),
    enabled: asked.length > 1,
  });
  const wanted = text.trim();
  const places: Place[] = [];
  if (wanted !== "") {
    for (const kind of guesses(wanted)) {
      places.push({
        id: kind,
        label: wanted,
        hint: kind,
        go: () =>
          void (kind === "call"
            ? navigate({ to: "/calls/$uid", params: { uid: wanted } })
            : navigate({ to: "/entity/$kind/$value", params: { kind, value: wanted } })),
      });
    }
    for (const alert of asked.length > 1 ? (alerts.data?.items ?? []) : []) {
      places.push({
        id: alert.id,
        label: alert.message,
        hint: "alert",
        icon: <SeverityShape id={alert.severity_id} />,
        go: () => void navigate({ to: "/alerts/$id", params: { id: alert.id } }),
      });
    }
  }
  const pages = PAGES.filter(
    ([to, label, hint]) => sees(to) && `${label} ${hint}`.toLowerCase().includes(wanted.toLowerCase()),
  );
  const pagePlaces: Place[] = pages.map(([to, label, hint]) => ({
    id: to,
    label,
    hint: `page: ${hint}`,
    go: () => void navigate({ to }),
  }));
  // A page whose name begins so is likelier meant than an agent of that name.
  const named = pagePlaces.filter((p) => wanted.length > 1 && p.label.toLowerCase().startsWith(wanted.toLowerCase()));
  const all = [...named, ...places, ...pagePlaces.filter((p) => !named.includes(p))];
  const here = Math.min(at, all.length - 1);
  const take = (place: Place | undefined) => {
    if (!place) return;
    close();
    place.go();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(here + 1, all.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(here - 1, 0));
    else if (event.key === "Enter") take(all[here]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      size="lg"
      yOffset="12vh"
      padding="xs"
      title="Find"
      styles={{ header: { display: "none" } }}
    >
      <TextInput
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={all[here] ? `${list}-${all[here].id}` : undefined}
        aria-label="Find a call, number, agent, customer, address, device, alert or page"
        placeholder="A call, number, agent, customer, address, device, alert or page"
        leftSection={<IconSearch size={16} />}
        data-autofocus
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={keys}
        maxLength={256}
      />
      <div id={list} role="listbox" aria-label="Places" style={{ marginTop: 6 }}>
        {all.map((place, i) => (
          <UnstyledButton
            key={place.id}
            id={`${list}-${place.id}`}
            role="option"
            aria-selected={i === here}
            tabIndex={-1}
            onClick={() => take(place)}
            onMouseMove={() => setAt(i)}
            w="100%"
            px="sm"
            py={6}
            bg={i === here ? "var(--rf-hover)" : undefined}
            style={{ borderRadius: 6 }}
          >
            <Group justify="space-between" wrap="nowrap" gap="sm">
              <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
                {place.icon}
                <Text size="sm" className="rf-clip rf-outside">
                  {place.label}
                </Text>
              </Group>
              <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                {place.hint}
              </Text>
            </Group>
          </UnstyledButton>
        ))}
      </div>
      <Group gap={6} mt={6} px="sm">
        <Text size="xs" c="dimmed">
          <Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> choose · <Kbd size="xs">Enter</Kbd> go ·{" "}
          <Kbd size="xs">Esc</Kbd> close
        </Text>
      </Group>
    </Modal>
  );
}

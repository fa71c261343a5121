/** A verdict and its reason: without both nothing is closed. */
import { Alert as Notice, Button, Group, Modal, Radio, Stack, Text, Textarea } from "@mantine/core";
import { type KeyboardEvent, type SubmitEvent, useState } from "react";
import type { Schemas } from "../../api/client";
import { VERDICTS } from "../../ui/AlertStatus";
import { sayProblem } from "./problem";

export type CloseEdit = Extract<Schemas["AlertEdit"], { action: "close" }>;

export function CloseDialog({
  what,
  quote,
  was,
  submit,
  close,
}: {
  /** What is closed: `this alert`, `12 alerts`. */
  what: string;
  /** The sentence of the one alert, so that nobody closes its neighbour. */
  quote?: string | undefined;
  /** The verdict so far, where one is corrected. */
  was?: { verdict: CloseEdit["verdict"]; reason: string };
  /** Done when it resolves; what it throws is shown, and what was typed stays. */
  submit: (edit: CloseEdit) => Promise<unknown>;
  close: () => void;
}) {
  const [verdict, setVerdict] = useState<CloseEdit["verdict"] | undefined>(was?.verdict);
  const [reason, setReason] = useState(was?.reason ?? "");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const said = reason.trim();
  const go = async () => {
    setTried(true);
    if (verdict === undefined || said === "" || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await submit({ action: "close", verdict, reason: said });
      close();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void go();
    }
    // Digits choose, unless they are part of the reason.
    const nth = VERDICTS[Number(event.key) - 1];
    if (nth && !(event.target instanceof HTMLTextAreaElement)) {
      event.preventDefault();
      setVerdict(nth.value);
    }
  };
  return (
    <Modal opened onClose={close} title={`Close ${what}`} size="lg" onKeyDown={keys}>
      <form
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          void go();
        }}
      >
        <Stack gap="md">
          {quote !== undefined && (
            <Text size="sm" c="dimmed" className="rf-outside" lineClamp={3}>
              {quote}
            </Text>
          )}
          <Radio.Group
            label="What did it turn out to be?"
            value={verdict ?? null}
            onChange={(value) => setVerdict(VERDICTS.find((v) => v.value === value)?.value)}
            error={tried && verdict === undefined ? "Choose one." : undefined}
            withAsterisk
          >
            <Stack gap={8} mt={6}>
              {VERDICTS.map(({ value, word, means }, i) => (
                <Radio
                  key={value}
                  value={value}
                  label={
                    <>
                      {word}{" "}
                      <Text span size="sm" c="dimmed">
                        {means}
                      </Text>
                    </>
                  }
                  {...(i === 0 ? { "data-autofocus": true } : {})}
                />
              ))}
            </Stack>
          </Radio.Group>
          <Textarea
            label="Why?"
            description="Whoever sees this entity again will read it."
            withAsterisk
            autosize
            minRows={2}
            maxRows={8}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={tried && said === "" ? "Say why in a few words." : undefined}
          />
          {error !== undefined && (
            <Notice color="red" title="Not closed" role="alert">
              {sayProblem(error)}
            </Notice>
          )}
          <Group justify="space-between">
            <Text size="xs" c="dimmed" visibleFrom="sm">
              1 to 5 choose · Ctrl Enter closes
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={busy}>
                Close {what}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

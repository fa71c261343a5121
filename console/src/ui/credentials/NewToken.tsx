/** A new token in the place of one that is there; the old one may stay good for a while. */
import { Button, Group, Modal, NumberInput, Select, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { DIALOG, useReturnFocus } from "../dialog";
import { TokenShown } from "../TokenShown";
import { Wrong } from "../Wrong";

const OVERLAPS = [
  { value: "0", label: "dies at once (it leaked)" },
  { value: "60", label: "stays good for an hour" },
  { value: "1440", label: "stays good for a day" },
  { value: "10080", label: "stays good for a week" },
];

/** What is asked for. */
export interface Rotation {
  overlap_minutes: number;
  /** Days until its end. */
  days?: number;
}

export function NewToken({
  name,
  gives,
  ends = false,
  does,
  close,
}: {
  name: string;
  /** What whoever has it can do, if that is more than sending events. */
  gives?: string;
  /** Whether the token has an end. */
  ends?: boolean;
  /** Resolves to the token. */
  does: (rotation: Rotation) => Promise<string>;
  close: () => void;
}) {
  useReturnFocus();
  const [overlap, setOverlap] = useState("60");
  const [days, setDays] = useState<number | "">(90);
  // The answer holds a secret: it is not kept beyond the dialog.
  const rotate = useMutation({ mutationFn: does, gcTime: 0 });
  const token = rotate.data;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    rotate.mutate({ overlap_minutes: Number(overlap), ...(ends && days !== "" ? { days } : {}) });
  };
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      title={token === undefined ? `Give ${name} a new token?` : "Its new token"}
      size="lg"
      // While a token is on the screen, a slip of the hand must not close it.
      closeOnClickOutside={token === undefined}
      closeOnEscape={token === undefined}
    >
      {token !== undefined ? (
        <Stack>
          <TokenShown token={token} name={name} {...(gives === undefined ? {} : { gives })} />
          <Group justify="flex-end">
            <Button onClick={close}>I have stored it</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <Select
              label="The old token"
              data={OVERLAPS}
              value={overlap}
              onChange={(value) => setOverlap(value ?? "0")}
              allowDeselect={false}
              comboboxProps={{ withinPortal: true }}
            />
            {ends && (
              <NumberInput
                label="For how many days the new one is good"
                min={1}
                max={366}
                allowDecimal={false}
                allowNegative={false}
                value={days}
                onChange={(value) => setDays(typeof value === "number" && value > 0 ? value : "")}
              />
            )}
            <Wrong error={rotate.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Keep the old one
              </Button>
              <Button type="submit" disabled={ends && days === ""} loading={rotate.isPending}>
                Make a new token
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

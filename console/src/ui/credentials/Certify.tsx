/** A certificate is issued: the key is made where it is used, and only a request comes here. */
import { Button, Group, Modal, NumberInput, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { Copyable } from "../Copyable";
import { DIALOG, useReturnFocus } from "../dialog";
import { Wrong } from "../Wrong";
import { type Holder, certify } from "../../api/credentials";

/** A name of files that every system takes. */
const fileOf = (name: string): string => name.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40) || "sender";

export function Certify({ holder, made, close }: { holder: Holder; made: () => Promise<void>; close: () => void }) {
  useReturnFocus();
  const [request, setRequest] = useState("");
  const [days, setDays] = useState<number | "">("");
  const issue = useMutation({
    mutationFn: () => certify(holder, request.trim(), days === "" ? null : days),
    onSuccess: made,
  });
  const file = fileOf(holder.name);
  const issued = issue.data;
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      size="lg"
      title={issued ? "Its certificate" : `Issue a certificate for ${holder.name}`}
    >
      {issued ? (
        <Stack>
          <Copyable
            title={`${file}.crt`}
            text={issued.pem}
            note="Store it beside the key. It is no secret, and it lets nobody in without the key."
          />
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event: SyntheticEvent) => {
            event.preventDefault();
            issue.mutate();
          }}
        >
          <Stack gap="sm">
            <Text size="sm">
              The key is made on the machine that uses it, and stays there. Either this makes the key and fetches the
              certificate in one step:
            </Text>
            <Copyable
              title="With ringfence on that machine"
              text={`ringfence certificate issue --${holder.kind} ${holder.id} --key ${file}.key --cert ${file}.crt`}
              wrap
            />
            <Copyable
              title="Or with OpenSSL, which makes a request"
              text={`openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${file} -keyout ${file}.key -out ${file}.csr`}
              wrap
            />
            <Textarea
              label="The request (PKCS #10, PEM)"
              placeholder="-----BEGIN CERTIFICATE REQUEST-----"
              value={request}
              onChange={(e) => setRequest(e.currentTarget.value)}
              maxLength={16_384}
              autosize
              minRows={4}
              maxRows={12}
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
              data-autofocus
            />
            <NumberInput
              label="For how many days it is good"
              description="Empty: as long as the server allows, 90 days unless it was set otherwise."
              inputWrapperOrder={["label", "input", "description"]}
              min={1}
              max={366}
              allowDecimal={false}
              allowNegative={false}
              value={days}
              onChange={(value) => setDays(typeof value === "number" && value > 0 ? value : "")}
            />
            <Wrong error={issue.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" disabled={request.trim() === ""} loading={issue.isPending}>
                Issue it
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** One more device that shows one-time codes. */
import { Button, Code, Group, Image, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { Copy } from "../../ui/Copyable";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Asked, Loading } from "../../ui/States";
import { Wrong } from "../../ui/Wrong";

export function AddCodes({ close }: { close: () => void }) {
  useReturnFocus();
  // Each dialog is a ceremony of its own, and its secret dies with it.
  const [ceremony] = useState(() => crypto.randomUUID());
  const begun = useQuery({
    queryKey: ["one-time-codes", ceremony],
    queryFn: () => ask(api.POST("/api/v1/me/one-time-codes/begin")),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  return (
    <Modal {...DIALOG} opened onClose={close} title="Add one-time codes">
      <Asked query={begun} loading={<Loading rows={4} />}>
        {(device) => <Prove device={device} close={close} />}
      </Asked>
    </Modal>
  );
}

function Prove({ device, close }: { device: Schemas["OneTimeCodesBegun"]; close: () => void }) {
  const { flow, picture, secret } = device;
  const client = useQueryClient();
  const [name, setName] = useState("Authenticator");
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  // The dialog was there before what it is about.
  useEffect(() => field.current?.focus(), []);
  const add = useMutation({
    mutationFn: () =>
      ask(api.POST("/api/v1/me/one-time-codes", { body: { flow, code: code.trim(), name: name.trim() } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
      close();
    },
    onError: () => setCode(""),
  });
  return (
    <form
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">Read this with an authenticator, or type the text into it.</Text>
        {picture !== "" && (
          <Image
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`}
            alt="The same as a picture for the camera of an authenticator"
            w={200}
            h={200}
            mx="auto"
            radius="sm"
          />
        )}
        <Group justify="center" gap="xs" wrap="nowrap">
          <Code fz="sm" data-secret="">
            {secret}
          </Code>
          <Copy text={secret.replaceAll(" ", "")} what="the text for an authenticator" />
        </Group>
        <TextInput
          label="What to call the device"
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={128}
        />
        <TextInput
          ref={field}
          label="The code that it shows now"
          value={code}
          onChange={(e) => setCode(e.currentTarget.value)}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={10}
        />
        <Wrong error={add.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={code.trim() === "" || name.trim() === ""} loading={add.isPending}>
            Add it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

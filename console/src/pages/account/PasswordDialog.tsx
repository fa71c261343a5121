/** Another password, or a first one. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { HIDDEN } from "../../ui/Severity";
import { Wrong } from "../../ui/Wrong";
import { RULE, wrongWith } from "./password";

export function PasswordDialog({ login, has, close }: { login: string; has: boolean; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const set = useMutation({
    mutationFn: (body: Schemas["NewPassword"]) => ask(api.PUT("/api/v1/me/password", { body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
      close();
    },
  });
  const weak = wrongWith(password);
  const other = password === again ? undefined : "The two are not the same.";
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (weak === undefined && other === undefined) set.mutate({ ...(has ? { old } : {}), new: password });
  };
  return (
    <Modal {...DIALOG} opened onClose={close} title={has ? "Change the password" : "Set a password"}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            {has ? "" : "A password opens nothing without one-time codes: add them as well. "}
            You stay signed in here, and are signed out everywhere else.
          </Text>
          {/* For password managers: whose password it is. */}
          <input value={login} readOnly autoComplete="username" tabIndex={-1} aria-hidden="true" style={HIDDEN} />
          {has && (
            <PasswordInput
              label="Your password until now"
              autoComplete="current-password"
              value={old}
              onChange={(e) => setOld(e.currentTarget.value)}
              maxLength={256}
              data-autofocus
            />
          )}
          <PasswordInput
            label="New password"
            description={RULE}
            autoComplete="new-password"
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            error={tried ? weak : undefined}
            maxLength={256}
            {...(has ? {} : { "data-autofocus": true })}
          />
          <PasswordInput
            label="The same again"
            autoComplete="new-password"
            value={again}
            onChange={(e) => setAgain(e.currentTarget.value)}
            error={tried && weak === undefined ? other : undefined}
            maxLength={256}
          />
          <Wrong error={set.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              type="submit"
              disabled={password === "" || again === "" || (has && old === "")}
              loading={set.isPending}
            >
              {has ? "Change it" : "Set it"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

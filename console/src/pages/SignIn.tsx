import { Anchor, Button, Center, Code, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { Problem, api, ask } from "../api/client";
import { sessionQuery } from "../api/queries";
import { Mark } from "../ui/Mark";

/** Until people have accounts: the administrator's token, pasted once, becomes a cookie that no script can read. */
export function SignIn() {
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const signIn = useMutation({
    mutationFn: (token: string) => ask(api.POST("/api/v1/session", { body: { token } })),
    onSuccess: (session) => {
      setToken("");
      client.setQueryData(sessionQuery.queryKey, session);
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (token.trim() !== "") signIn.mutate(token.trim());
  };
  const error = signIn.error;
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" onSubmit={submit} p="xl" w="100%" maw={440} shadow="sm">
        <Stack>
          <Mark />
          <div>
            <Title order={1} size="h3">
              Sign in to Ringfence
            </Title>
            <Text c="dimmed" size="sm">
              Paste the administrator's token. It was printed once at the first start, or is what{" "}
              <Code>RINGFENCE_ADMIN_TOKEN</Code> says.
            </Text>
          </div>
          <PasswordInput
            label="Token"
            placeholder="rfa_…"
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            // eslint-disable-next-line jsx-a11y/no-autofocus -- the only field of the page
            autoFocus
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            error={
              error instanceof Problem
                ? error.status === 401
                  ? "This token is not known here. Check that all of it was copied."
                  : error.message
                : undefined
            }
          />
          <Button type="submit" loading={signIn.isPending} disabled={token.trim() === ""}>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            The token is sent once and kept nowhere in this browser. A lost token is replaced on the machine itself:{" "}
            <Anchor href="/api/v1/openapi.json" size="xs">
              the API
            </Anchor>{" "}
            and the command line stay open to other tokens.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}

/** Somebody lost what they sign in with: they were called back, and a reset is asked for. */
import { Text, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { brief } from "../../lib/format";
import { FormDialog } from "../../ui/FormDialog";
import type { Account } from "../people/model";

export function AskReset({ account, close }: { account: Account; close: () => void }) {
  const client = useQueryClient();
  const [why, setWhy] = useState("");
  const [calledBack, setCalledBack] = useState("");
  const name = brief(account.name);
  return (
    <FormDialog
      title={`Ask for a reset of how ${name} signs in`}
      size="lg"
      act="Ask for it"
      right={why.trim() !== "" && calledBack.trim() !== ""}
      does={async () => {
        const body = { why: why.trim(), called_back: calledBack.trim() };
        await ask(api.POST("/api/v1/people/{id}/resets", { params: { path: { id: account.id } }, body }));
        void client.invalidateQueries({ queryKey: ["people"] });
        void client.invalidateQueries({ queryKey: ["resets"] });
      }}
      close={close}
    >
      <Text size="sm">
        Whoever calls and says to be {name} may be somebody else. Call back on the number that is on file, never on one
        that was said. A second person confirms, {name} sees it at the next sign-in, and only after a wait is the new
        enrolment code good.
      </Text>
      <Textarea
        label="Why"
        placeholder="Lost the phone with the passkey on Monday"
        value={why}
        onChange={(e) => setWhy(e.currentTarget.value)}
        maxLength={500}
        autosize
        minRows={2}
        data-autofocus
      />
      <Textarea
        label="How they were called back"
        placeholder="Number on file ending in 42, today at 10:15, knew the last ticket"
        value={calledBack}
        onChange={(e) => setCalledBack(e.currentTarget.value)}
        maxLength={500}
        autosize
        minRows={2}
      />
    </FormDialog>
  );
}

/** One more role, or the same for another time. */
import { Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { brief } from "../../lib/format";
import { FormDialog } from "../../ui/FormDialog";
import { DRAFT, RoleFields, isWhole, roleOf } from "../../ui/RoleFields";
import type { Account } from "../people/model";

export function GiveRole({ account, close }: { account: Account; close: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(DRAFT);
  return (
    <FormDialog
      title={`Give ${brief(account.name)} a role`}
      size="lg"
      act="Give it"
      right={isWhole(draft)}
      does={async () => {
        await ask(api.POST("/api/v1/people/{id}/roles", { params: { path: { id: account.id } }, body: roleOf(draft) }));
        void client.invalidateQueries({ queryKey: ["people"] });
      }}
      close={close}
    >
      <RoleFields draft={draft} change={setDraft} first reserves />
      <Text size="xs" c="dimmed">
        It holds from the next request on. The same role in the same program takes the place of the one before.
      </Text>
    </FormDialog>
  );
}

/** One way to connect a source: its names, then its texts, then whether it has been heard. */
import { Autocomplete, Box, Button, Checkbox, Group, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useState } from "react";
import { type Schemas, Problem, api, ask } from "../../api/client";
import { statusQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { Copyable } from "../../ui/Copyable";
import { Facts } from "../../ui/Facts";
import { Notice } from "../../ui/Notice";
import { TrustShape } from "../../ui/TrustLight";
import { type Declared, GRANTABLE, className, keyOf } from "./model";
import { NAME, type Setup, asksAddress, isLocal } from "./setups";
import { TokenShown } from "../../ui/TokenShown";

const NAME_HELP = "1 to 64 letters, digits, dots, dashes and underlines, the first a letter or digit";

export function ConnectForm({
  setup,
  declared,
  close,
  hold,
}: {
  setup: Setup;
  declared: Declared[];
  close: () => void;
  /** Told while a token is on the screen. */
  hold: (holding: boolean) => void;
}) {
  const client = useQueryClient();
  const [url, setUrl] = useState(window.location.origin);
  const [program, setProgram] = useState(() => declared[0]?.program ?? "default");
  const [site, setSite] = useState(() => declared[0]?.site ?? "default");
  const [name, setName] = useState(() => freeName(setup.name, program, declared));
  const [classes, setClasses] = useState<string[]>((setup.classes ?? []).map(String));
  const [calls, setCalls] = useState(setup.calls ?? false);
  const make = useMutation({
    mutationFn: (body: Schemas["NewSource"]) => ask(api.POST("/api/v1/sources", { body })),
    // The answer holds a secret: it is not kept beyond the dialog.
    gcTime: 0,
    onSuccess: () => {
      hold(true);
      void client.invalidateQueries({ queryKey: ["sources"] });
    },
  });
  useEffect(() => () => hold(false), [hold]);
  const taken = declared.some((source) => source.program === program && source.name === name) && !make.data;
  const right = [name, program, site].every((text) => NAME.test(text)) && !taken;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!right) return;
    make.mutate({
      name,
      kind: "http",
      program,
      site,
      classes: classes.length === 0 ? "*" : classes.map(Number),
      grants: calls ? ["call-state"] : [],
      allowed_peers: [],
    });
  };
  const made = make.data;
  const wrong = (text: string) => (text !== "" && NAME.test(text) ? undefined : NAME_HELP);
  const choice = { url, name, program, site, token: made?.token ?? "TOKEN" };
  return (
    <Stack gap="md">
      <Box component="form" onSubmit={submit}>
        {made ? (
          <Facts
            facts={[
              ["Name of the source", made.source.name],
              ["Program", made.source.program],
              ["Site", made.source.site],
            ]}
          />
        ) : (
          <Group align="flex-start" grow preventGrowOverflow={false} gap="sm" wrap="wrap">
            <TextInput
              label="Name of the source"
              value={name}
              onChange={(e) => setName(e.currentTarget.value.trim())}
              error={taken ? "There is a source of this name in this program" : wrong(name)}
              miw={180}
              data-autofocus
            />
            <Autocomplete
              label="Program (client or campaign)"
              data={known(declared.map((source) => source.program))}
              value={program}
              onChange={(text) => setProgram(text.trim())}
              error={wrong(program)}
              miw={180}
            />
            <Autocomplete
              label="Site (PBX with its agents)"
              data={known(declared.map((source) => source.site))}
              value={site}
              onChange={(text) => setSite(text.trim())}
              error={wrong(site)}
              miw={180}
            />
          </Group>
        )}
        {asksAddress(setup) && (
          <TextInput
            mt="sm"
            label="Address at which the sender reaches this server"
            value={url}
            onChange={(e) => setUrl(e.currentTarget.value.trim())}
            description={
              isLocal(url)
                ? "This address leads to the sender's own machine: right only if the sender runs on this server."
                : undefined
            }
            inputWrapperOrder={["label", "input", "description", "error"]}
          />
        )}
        {setup.token && !made && (
          <>
            <MultiSelect
              mt="sm"
              label="What it may send"
              placeholder={classes.length === 0 ? "everything" : ""}
              data={GRANTABLE.map((uid) => ({ value: String(uid), label: className(uid) }))}
              value={classes}
              onChange={setClasses}
              clearable
              description="The less, the better: what else it sends is refused. Programs and sites are never read from records."
              inputWrapperOrder={["label", "input", "description", "error"]}
            />
            <Checkbox
              mt="sm"
              label="Its word on calls may decide (grant call-state)"
              description="Only for the telephony itself: what it says about calls clears or accuses agents."
              checked={calls}
              onChange={(e) => setCalls(e.currentTarget.checked)}
            />
            <Group justify="flex-end" mt="md">
              <Button type="submit" disabled={!right} loading={make.isPending}>
                Make the source and its token
              </Button>
            </Group>
          </>
        )}
      </Box>
      {make.error && (
        <Notice tone="bad">
          {make.error instanceof Problem && make.error.status === 403
            ? "Only administrators make sources."
            : make.error.message}
        </Notice>
      )}
      {made && <TokenShown token={made.token} name={made.source.name} />}
      {(made ?? !setup.token) && (
        <>
          {setup.blocks(choice).map((block) => (
            <Copyable key={block.title} title={block.title} text={block.text} note={block.note} />
          ))}
          <Text size="sm">{setup.then}</Text>
          <Arrived id={keyOf(program, name)} />
          <Group justify="flex-end">
            <Button onClick={close}>{made ? "I have stored the token" : "Close"}</Button>
          </Group>
        </>
      )}
    </Stack>
  );
}

const known = (names: string[]): string[] => [...new Set(names)].sort();

/** A name that is not taken: `crm`, `crm-2`. */
function freeName(wanted: string, program: string, declared: Declared[]): string {
  const taken = new Set(declared.filter((source) => source.program === program).map((source) => source.name));
  let name = wanted;
  for (let n = 2; taken.has(name); n += 1) name = `${wanted}-${n}`;
  return name;
}

/** Whether the first record has come: the proof that all of it is right. */
function Arrived({ id }: { id: string }) {
  const { data } = useQuery(statusQuery);
  const counts = data?.sources.find((source) => keyOf(source.program, source.source) === id)?.count;
  const heard = counts !== undefined && counts.accepted + counts.duplicates > 0;
  const refused = counts?.rejected ?? 0;
  return (
    <Group gap={8} wrap="nowrap" role="status" data-arrived={heard}>
      <TrustShape trust={heard ? "good" : refused > 0 ? "care" : "unseen"} />
      <Text size="sm" fw={500} className="rf-outside">
        {heard
          ? `It is heard: ${plural(counts.accepted, "record")} accepted${refused > 0 ? `, ${plural(refused, "record")} refused` : ""}.`
          : refused > 0
            ? `It was heard, and ${plural(refused, "record")} refused: look at the refused records for the reason.`
            : `Waiting for the first record of ${id.replace("/", " / ")}…`}
      </Text>
    </Group>
  );
}

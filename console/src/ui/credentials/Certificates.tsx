/** The client certificates of a source or a service: issued for keys that never leave their owners, revoked. */
import { Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { certificatesQuery } from "../../api/queries";
import { standingOf } from "../../lib/credentials";
import { brief } from "../../lib/format";
import { Ask } from "../Ask";
import { Rows } from "../Rows";
import { Asked, Loading } from "../States";
import { When, useNow } from "../When";
import { Certify } from "./Certify";
import { type Holder, revoke } from "../../api/credentials";

type Certificate = Schemas["Certificate"];

export function Certificates({ holder, changes }: { holder: Holder; changes: boolean }) {
  const client = useQueryClient();
  const query = useQuery(certificatesQuery(holder));
  const [asking, setAsking] = useState(false);
  const [revoking, setRevoking] = useState<Certificate>();
  const again = () => client.invalidateQueries({ queryKey: certificatesQuery(holder).queryKey });
  return (
    <Stack gap="xs">
      <Asked query={query} loading={<Loading rows={1} />}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              It has none: it proves who it is by its token.
            </Text>
          ) : (
            <Rows
              label={`Certificates of ${holder.name}`}
              columns={["Serial number", "Issued", "Last used", "Stands"]}
              acts={changes}
              wide={520}
            >
              {items.map((certificate) => (
                <Row
                  key={certificate.fingerprint}
                  certificate={certificate}
                  {...(changes ? { revoke: () => setRevoking(certificate) } : {})}
                />
              ))}
            </Rows>
          )
        }
      </Asked>
      {changes && (
        <Group>
          <Button variant="default" onClick={() => setAsking(true)}>
            Issue a certificate…
          </Button>
        </Group>
      )}
      {asking && <Certify holder={holder} made={again} close={() => setAsking(false)} />}
      {revoking && (
        <Ask
          title="Revoke this certificate?"
          act="Revoke it"
          does={async () => {
            await revoke(holder, revoking.fingerprint);
            await again();
          }}
          close={() => setRevoking(undefined)}
        >
          Whoever has its key is refused from the next request on, on connections that are open too, and so are
          certificates that were renewed from it. It cannot be made good again.
        </Ask>
      )}
    </Stack>
  );
}

function Row({ certificate, revoke: ask }: { certificate: Certificate; revoke?: () => void }) {
  const standing = standingOf(certificate, useNow());
  const serial = `${certificate.serial.slice(0, 16)}${certificate.serial.length > 16 ? "…" : ""}`;
  return (
    <Table.Tr data-certificate={certificate.fingerprint}>
      <Table.Td>
        <Text size="sm" ff="monospace" title={`SHA-256 ${certificate.fingerprint}`}>
          {serial}
        </Text>
      </Table.Td>
      <Table.Td>
        <When ms={certificate.made_ms} />
        <Text size="xs" c="dimmed" className="rf-outside">
          by {brief(certificate.made_by, 60)}
        </Text>
      </Table.Td>
      <Table.Td>
        {certificate.last_used_ms === null ? (
          <Text size="sm" c="dimmed">
            never
          </Text>
        ) : (
          <When ms={certificate.last_used_ms} />
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="default" tt="none" miw="max-content" data-standing={standing}>
          {standing === "revoked" && (
            <>
              revoked <When ms={certificate.revoked_ms ?? certificate.until_ms} />
            </>
          )}
          {standing === "renewed" && (
            <>
              renewed, ends <When ms={certificate.until_ms} />
            </>
          )}
          {standing === "over" && (
            <>
              over <When ms={certificate.until_ms} />
            </>
          )}
          {(standing === "good" || standing === "ends soon") && (
            <>
              {standing === "good" ? "good, ends" : "renew it: ends"} <When ms={certificate.until_ms} />
            </>
          )}
        </Badge>
      </Table.Td>
      {ask && (
        <Table.Td ta="right">
          {standing !== "revoked" && standing !== "over" && (
            <Button variant="default" size="compact-xs" onClick={ask} aria-label={`Revoke the certificate ${serial}…`}>
              Revoke…
            </Button>
          )}
        </Table.Td>
      )}
    </Table.Tr>
  );
}

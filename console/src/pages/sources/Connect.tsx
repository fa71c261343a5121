/** How to connect a source: choose what it is, name it, copy what belongs where. */
import { Box, Button, Group, Modal, SimpleGrid, Text, Title, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useState } from "react";
import classes from "./Connect.module.css";
import { ConnectForm } from "./ConnectForm";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import type { Declared } from "./model";
import { GROUPS, SETUPS, setupOf } from "./setups";

export function Connect({
  what,
  choose,
  close,
  declared,
}: {
  /** The id of a way to connect, or anything else to choose one. */
  what: string;
  choose: (what: string) => void;
  close: () => void;
  declared: Declared[];
}) {
  useReturnFocus();
  const setup = setupOf(what);
  const narrow = useMediaQuery("(max-width: 48em)", window.innerWidth < 768);
  // While a token is on the screen, a slip of the hand must not close it.
  const [holding, setHolding] = useState(false);
  return (
    <Modal
      opened
      onClose={close}
      size={920}
      fullScreen={narrow}
      title={setup ? `Connect: ${setup.label}` : "Connect a source"}
      {...DIALOG}
      closeOnClickOutside={!holding}
      closeOnEscape={!holding}
    >
      {setup ? (
        <>
          {!holding && (
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<IconArrowLeft size={14} />}
              onClick={() => choose("choose")}
              mb="xs"
              ml={-8}
            >
              Something else
            </Button>
          )}
          <ConnectForm key={setup.id} setup={setup} declared={declared} close={close} hold={setHolding} />
        </>
      ) : (
        <Choices choose={choose} />
      )}
    </Modal>
  );
}

function Choices({ choose }: { choose: (what: string) => void }) {
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        What is worth most, in this order: who opened which record, who is on which call, which customer that call is
        with, and the states of agents.
      </Text>
      {GROUPS.map((group) => (
        <Box key={group} component="section" aria-label={group} mb="md">
          <Title order={3} size="h6" mb={6}>
            {group}
          </Title>
          <SimpleGrid cols={{ base: 1, xs: 2, sm: 3 }} spacing={8}>
            {SETUPS.filter((setup) => setup.group === group).map((setup) => (
              <UnstyledButton key={setup.id} className={classes["choice"] ?? ""} onClick={() => choose(setup.id)}>
                <Text size="sm" fw={600}>
                  {setup.label}
                </Text>
                <Text size="xs" c="dimmed">
                  {setup.hint}
                </Text>
              </UnstyledButton>
            ))}
          </SimpleGrid>
        </Box>
      ))}
      <Group gap="xs">
        <Text size="xs" c="dimmed">
          Something else? Whatever writes JSON, CSV, syslog, CEF or LEEF can be read: choose the way that it can send.
        </Text>
      </Group>
    </>
  );
}

/** The frame around every page: where one can go, whether what is shown is live, whether anything is blind. */
import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  Kbd,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBell,
  IconBroadcast,
  IconCertificate,
  IconChecklist,
  IconDeviceDesktop,
  IconHome,
  IconListSearch,
  IconLogout,
  IconMoon,
  IconPalette,
  IconPhone,
  IconPlugConnected,
  IconPlugConnectedX,
  IconScript,
  IconSearch,
  IconShieldLock,
  IconSun,
  IconUserCircle,
  IconUsers,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { type ReactNode, Suspense, lazy, useEffect, useState } from "react";
import { alertsQuery } from "../api/queries";
import { compact } from "../lib/format";
import { lasting } from "../lib/time";
import { Mark } from "../ui/Mark";
import { Loading } from "../ui/States";
import { useNow } from "../ui/When";
import { InForce } from "./InForce";
import { useLive } from "./live";
import { signOut, useSees, useSession } from "./session";

const Palette = lazy(() => import("./Palette").then((m) => ({ default: m.Palette })));

const PAGES = [
  { to: "/", label: "Now", icon: IconHome },
  { to: "/alerts", label: "Alerts", icon: IconBell },
  { to: "/calls", label: "Calls", icon: IconPhone },
  { to: "/search", label: "Search", icon: IconListSearch },
  { to: "/sources", label: "Sources", icon: IconBroadcast },
  { to: "/rules", label: "Rules", icon: IconScript },
  { to: "/access", label: "Access", icon: IconShieldLock },
  { to: "/people", label: "People", icon: IconUsers },
  { to: "/reviews", label: "Reviews", icon: IconChecklist },
  { to: "/evidence", label: "Evidence", icon: IconCertificate },
  { to: "/design", label: "Design", icon: IconPalette },
] as const;

export function Shell() {
  const [opened, nav] = useDisclosure(false);
  const [palette, setPalette] = useState(false);
  const path = useRouterState({ select: (s) => s.location.pathname });
  const sees = useSees();
  const { close } = nav;
  useEffect(close, [path, close]);
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette(true);
      }
    };
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 184, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={0}
    >
      <a href="#page" className="rf-skip">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={nav.toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link to="/" className="rf-link" aria-label="Ringfence, to the start">
              <Box visibleFrom="sm">
                <Mark />
              </Box>
              <Box hiddenFrom="sm">
                <Mark wordless />
              </Box>
            </Link>
          </Group>
          <Find open={() => setPalette(true)} />
          <Group gap={6} wrap="nowrap">
            <LiveSign />
            <Scheme />
            <Person />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        {PAGES.filter(({ to }) => sees(to)).map(({ to, label, icon: Icon }) => {
          const here = to === "/" ? path === "/" : path.startsWith(to);
          return (
            <NavLink
              key={to}
              renderRoot={(props) => <Link to={to} {...props} {...(here ? { "aria-current": "page" as const } : {})} />}
              label={label}
              active={here}
              leftSection={<Icon size={18} stroke={1.7} aria-hidden="true" />}
              rightSection={to === "/alerts" ? <OpenAlerts /> : undefined}
              styles={{ root: { borderRadius: 8 } }}
            />
          );
        })}
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1} style={{ outline: "none" }}>
        <InForce />
        <Suspense
          fallback={
            <Box p="lg">
              <Loading />
            </Box>
          }
        >
          <Outlet />
        </Suspense>
      </AppShell.Main>
      {palette && (
        <Suspense fallback={null}>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      )}
    </AppShell>
  );
}

function Find({ open }: { open: () => void }) {
  return (
    <UnstyledButton onClick={open} flex={1} miw={0} maw={420} aria-keyshortcuts="Control+K">
      <Group
        gap={8}
        wrap="nowrap"
        px={10}
        h={34}
        bg="var(--rf-surface)"
        style={{ border: "1px solid var(--rf-line)", borderRadius: 8 }}
      >
        <IconSearch size={15} aria-hidden="true" />
        <Text size="sm" c="dimmed" flex={1} className="rf-clip">
          Find a call, number, agent…
        </Text>
        <Box visibleFrom="sm">
          <Kbd size="xs">Ctrl K</Kbd>
        </Box>
      </Group>
    </UnstyledButton>
  );
}

/** The count of open alerts in the navigation. */
function OpenAlerts() {
  const { data } = useQuery(alertsQuery({ status: "open", limit: 1 }));
  const open = data?.counts.open ?? 0;
  if (open === 0) return null;
  return (
    <Text span size="xs" fw={600} className="rf-num" aria-label={`${open} open`}>
      {compact(open)}
    </Text>
  );
}

const SIGNS: Record<string, { word: string; icon: ReactNode; color: string; help: string }> = {
  connecting: {
    word: "Connecting",
    icon: <IconPlugConnected size={16} />,
    color: "dimmed",
    help: "Live updates begin in a moment.",
  },
  live: { word: "Live", icon: <IconPlugConnected size={16} />, color: "green.8", help: "Changes show as they happen." },
  broken: {
    word: "Not live",
    icon: <IconPlugConnectedX size={16} />,
    color: "orange.8",
    help: "The live connection broke off. It is tried again; until then what you see is as it was.",
  },
};

function LiveSign() {
  const { state, since } = useLive();
  const now = useNow();
  const sign = SIGNS[state];
  if (!sign) return null;
  const long = state === "broken" && now - since > 5_000 ? ` for ${lasting(now - since)}` : "";
  return (
    <Tooltip label={sign.help}>
      <Group gap={4} wrap="nowrap" role="status" aria-live="polite" data-live={state} px={4} className="rf-live">
        <Text span c={sign.color} lh={0} aria-hidden="true">
          {sign.icon}
        </Text>
        <Text span size="xs" fw={600} style={{ whiteSpace: "nowrap" }}>
          {sign.word}
          {long}
        </Text>
      </Group>
    </Tooltip>
  );
}

function Scheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: "light", light: "dark", dark: "auto" } as const;
  const Icon = colorScheme === "auto" ? IconDeviceDesktop : colorScheme === "light" ? IconSun : IconMoon;
  const label = `Colours: ${colorScheme === "auto" ? "as the system" : colorScheme}. Change to ${next[colorScheme]}.`;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => setColorScheme(next[colorScheme])}
        visibleFrom="xs"
      >
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function Person() {
  const session = useSession();
  const scope = session.scope === "all" ? "all programs" : session.scope.programs.join(", ");
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Signed in as ${session.name}`}>
          <IconUserCircle size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.name}, {session.role}
          <br />
          sees {scope}
        </Menu.Label>
        <Menu.Item leftSection={<IconUserCircle size={16} />} renderRoot={(props) => <Link to="/account" {...props} />}>
          My account
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

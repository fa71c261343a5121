/** Which address is what. The address says all that a reload needs. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Page } from "../ui/Page";
import { Empty, Failed } from "../ui/States";
import { App } from "./App";

const root = createRootRoute({
  component: App,
  notFoundComponent: () => (
    <Page title="No such page">
      <Empty title="There is no such page">Ctrl-K finds what there is.</Empty>
    </Page>
  ),
  errorComponent: ({ error }) => <Failed error={error} retry={() => window.location.reload()} />,
});

type Text<K extends string> = Partial<Record<K, string>>;

/** Texts of the address that a page understands; others are left out. */
const texts =
  <const K extends string>(...keys: K[]) =>
  (search: Record<string, unknown>): Text<K> => {
    const found: Text<K> = {};
    for (const key of keys) {
      const value = search[key];
      if (typeof value === "string" && value !== "") found[key] = value;
      else if (typeof value === "number" || typeof value === "boolean") found[key] = String(value);
    }
    return found;
  };

const now = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../pages/now/Now"), "Now"),
});
const alerts = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
  validateSearch: texts("status", "severity", "text", "entity", "rule", "program", "assignee", "order", "at"),
  component: lazyRouteComponent(() => import("../pages/alerts/Alerts"), "Alerts"),
});
const alert = createRoute({
  getParentRoute: () => root,
  path: "/alerts/$id",
  validateSearch: texts("event", "show", "span"),
  component: lazyRouteComponent(() => import("../pages/alert/Alert"), "AlertPage"),
});
const calls = createRoute({
  getParentRoute: () => root,
  path: "/calls",
  validateSearch: texts("text", "last"),
  component: lazyRouteComponent(() => import("../pages/call/Calls"), "Calls"),
});
const call = createRoute({
  getParentRoute: () => root,
  path: "/calls/$uid",
  validateSearch: texts("event", "view", "lane", "around", "again"),
  component: lazyRouteComponent(() => import("../pages/call/Call"), "CallPage"),
});
const entity = createRoute({
  getParentRoute: () => root,
  path: "/entity/$kind/$value",
  validateSearch: texts("last", "from", "to", "lane", "event"),
  component: lazyRouteComponent(() => import("../pages/entity/Entity"), "EntityPage"),
});
const search = createRoute({
  getParentRoute: () => root,
  path: "/search",
  validateSearch: texts(
    "mode",
    "last",
    "from",
    "to",
    "text",
    "filter",
    "cols",
    "order",
    "limit",
    "revisions",
    "sql",
    "row",
    "field",
  ),
  component: lazyRouteComponent(() => import("../pages/search/Search"), "SearchPage"),
});
const sources = createRoute({
  getParentRoute: () => root,
  path: "/sources",
  validateSearch: texts("source", "add", "text"),
  component: lazyRouteComponent(() => import("../pages/sources/Sources"), "Sources"),
});
const rules = createRoute({
  getParentRoute: () => root,
  path: "/rules",
  validateSearch: texts("text", "level", "rule", "test", "sort", "over"),
  component: lazyRouteComponent(() => import("../pages/rules/Rules"), "Rules"),
});
const access = createRoute({
  getParentRoute: () => root,
  path: "/access",
  validateSearch: texts("add", "action", "program", "id", "service"),
  component: lazyRouteComponent(() => import("../pages/access/Access"), "AccessPage"),
});
const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  validateSearch: texts("text", "state", "add"),
  component: lazyRouteComponent(() => import("../pages/people/People"), "People"),
});
const person = createRoute({
  getParentRoute: () => root,
  path: "/people/$id",
  validateSearch: texts("do"),
  component: lazyRouteComponent(() => import("../pages/person/Person"), "PersonPage"),
});
const reviews = createRoute({
  getParentRoute: () => root,
  path: "/reviews",
  validateSearch: texts("do"),
  component: lazyRouteComponent(() => import("../pages/reviews/Reviews"), "Reviews"),
});
const review = createRoute({
  getParentRoute: () => root,
  path: "/reviews/$id",
  validateSearch: texts("show", "text"),
  component: lazyRouteComponent(() => import("../pages/review/Review"), "ReviewPage"),
});
const evidence = createRoute({
  getParentRoute: () => root,
  path: "/evidence",
  validateSearch: texts("actor", "target", "kind", "last", "from", "to", "entry"),
  component: lazyRouteComponent(() => import("../pages/evidence/Evidence"), "EvidencePage"),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  validateSearch: texts("do"),
  component: lazyRouteComponent(() => import("../pages/account/Account"), "AccountPage"),
});
const design = createRoute({
  getParentRoute: () => root,
  path: "/design",
  component: lazyRouteComponent(() => import("../pages/design/Design"), "Design"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    now,
    alerts,
    alert,
    calls,
    call,
    entity,
    search,
    sources,
    rules,
    access,
    people,
    person,
    reviews,
    review,
    evidence,
    account,
    design,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

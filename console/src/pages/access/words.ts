/** Roles as people say them. */
import { label } from "../../lib/format";

/** What a service can be given, with what it is for. */
export const FOR_SERVICES = [
  ["integration", "asks for decisions: a CRM, a dialer, a recorder"],
  ["analyst", "searches events, tries rules, works with alerts"],
  ["telephony_engineer", "looks after sources and connectors"],
  ["provisioner", "a directory (Okta, Entra ID): makes accounts by SCIM"],
  ["automation", "runs the product by script"],
] as const;

/** `telephony_engineer`: `Telephony engineer`. */
export const roleWords = (role: string): string => label(role);

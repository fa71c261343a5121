/** What the test box begins with: a rule that says something about contact centers, and records that it judges. */
import type { Rule } from "./model";

export const EXAMPLE = `title: Many customer records exported at once
id: 0b0a5b6e-5c4e-4d0c-9a53-6a2a6f5c1f10
status: experimental
description: Somebody who is no reviewer took at least 100 customer records out in one export.
level: high
tags: [attack.exfiltration]
logsource: { product: contact_center, category: record_access }
detection:
  export: { activity_name: Export, count|gte: 100 }
  reviewer: { call.role: [supervisor, quality] }
  condition: export and not reviewer
falsepositives:
  - An export that a supervisor ordered
ringfence:
  message: "Agent {rf.agent} exported {count} records"
  story: agent
  first_steps:
    - Ask the supervisor whether the export was ordered.
`;

/** As a CRM's audit log has them: an export that the rule finds, a small one, and a look-up. */
export const EXAMPLE_EVENTS = `{"ts": "2026-11-22T09:30:00Z", "user": "4711", "action": "export", "customer_id": "C-1001", "rows": 250}
{"ts": "2026-11-22T09:31:00Z", "user": "4712", "action": "export", "customer_id": "C-1002", "rows": 3}
{"ts": "2026-11-22T09:32:00Z", "user": "4713", "action": "view", "customer_id": "C-1003"}
`;

const quoted = (text: string): string => JSON.stringify(text);

/**
 * A beginning for a rule that is like a loaded one. The server tells what a rule is about and not its
 * detection, which a person pastes from the file.
 */
export function skeleton(rule: Rule): string {
  const logsource = ["product", "service", "category"].flatMap((key) => {
    const value = rule.logsource?.[key];
    return typeof value === "string" ? [`${key}: ${quoted(value)}`] : [];
  });
  const block = rule.ringfence ?? {};
  const message = typeof block["message"] === "string" ? block["message"] : undefined;
  return [
    `# Like ${rule.file.replaceAll(/[\r\n]/g, " ")}, line ${rule.line}. Paste its detection here.`,
    `title: ${quoted(rule.title)}`,
    "status: experimental",
    ...(rule.description ? [`description: ${quoted(rule.description.trim())}`] : []),
    `level: ${rule.level ?? "medium"}`,
    `logsource: { ${logsource.length > 0 ? logsource.join(", ") : "product: contact_center, category: record_access"} }`,
    "detection:",
    "  selection: { activity_name: Export }",
    "  condition: selection",
    ...(message ? ["ringfence:", `  message: ${quoted(message)}`] : []),
    "",
  ].join("\n");
}

/** Where an alert stands and what it turned out to be: as a word with a shape. */
import { IconCircle, IconCircleCheck, IconCircleHalf2 } from "@tabler/icons-react";
import type { Alert } from "../api/queries";
import classes from "./AlertStatus.module.css";

const STATES = {
  open: { word: "Open", icon: IconCircle },
  acknowledged: { word: "Acknowledged", icon: IconCircleHalf2 },
  closed: { word: "Closed", icon: IconCircleCheck },
} as const;

type Verdict = NonNullable<Alert["verdict"]>;

export const VERDICTS: { value: Verdict; word: string; means: string }[] = [
  { value: "true_positive", word: "True positive", means: "It was what the rule says." },
  { value: "false_positive", word: "False positive", means: "The rule was wrong." },
  { value: "benign", word: "Benign", means: "It happened, and was allowed." },
  { value: "duplicate", word: "Duplicate", means: "It is handled elsewhere." },
  { value: "other", word: "Other", means: "None of these; the reason says more." },
];

export const verdictWord = (verdict: string): string =>
  VERDICTS.find((v) => v.value === verdict)?.word ?? verdict.replaceAll("_", " ");

export const statusWord = (status: Alert["status"]): string => STATES[status].word;

export function AlertStatus({ alert }: { alert: Pick<Alert, "status" | "verdict"> }) {
  const { word, icon: Icon } = STATES[alert.status];
  const said = alert.status === "closed" && alert.verdict ? verdictWord(alert.verdict) : word;
  return (
    <span
      className={classes["status"]}
      data-status={alert.status}
      title={said === word ? undefined : `${word}: ${said}`}
    >
      <Icon size={14} stroke={2} aria-hidden="true" className={classes["icon"]} />
      <span className="rf-clip">
        {said !== word && <span className={classes["spoken"]}>{word}: </span>}
        {said}
      </span>
    </span>
  );
}

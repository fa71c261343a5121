/** An enrolment code, for the one time that it can be seen. It lives in the dialog and dies with it. */
import { IconKey } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { dayTime } from "../lib/time";
import { Copyable } from "./Copyable";
import { Notice } from "./Notice";
import { useNow } from "./When";

export function CodeShown({ enrolment, name }: { enrolment: Schemas["Enrolment"]; name: string }) {
  const now = useNow();
  const waits = enrolment.not_before_ms > now;
  return (
    <Notice tone="care" icon={<IconKey size={18} />} title="This code is shown only now" data-code="">
      Give it to {name} in a way that is theirs alone. Whoever has it sets up how {name} signs in, once,{" "}
      {waits && <>from {dayTime(enrolment.not_before_ms)} </>}until {dayTime(enrolment.expires_ms)}. A new one takes the
      place of this one.
      <Copyable title="Link" text={enrolment.url} wrap />
      <Copyable title="Or the code alone, for the page /enrol" text={enrolment.code} wrap />
    </Notice>
  );
}

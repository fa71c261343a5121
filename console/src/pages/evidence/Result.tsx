/** How it ended, in a word; a failure has a shape as well. */
import { Text } from "@mantine/core";
import { brief } from "../../lib/format";
import { TrustSign } from "../../ui/TrustLight";

export function Result({ result }: { result: string }) {
  if (result === "failure") return <TrustSign trust="bad" says="Failure" />;
  return (
    <Text span size="sm">
      {result === "success" ? "Success" : brief(result) || "not said"}
    </Text>
  );
}

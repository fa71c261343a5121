/** An empty list, and whether that is good news. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { statusQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { Empty } from "../../ui/States";
import { type View, countFilters } from "./filter";

export function NoAlerts({ view, clear }: { view: View; clear: () => void }) {
  const status = useQuery(statusQuery);
  if (countFilters(view) > 0) {
    return (
      <Empty title="No alert matches">
        There may be others.
        <br />
        <Button mt="sm" variant="default" onClick={clear}>
          Clear the filters
        </Button>
      </Empty>
    );
  }
  if (!status.data) {
    return (
      <Empty title="No alert is open">
        {status.error ? "Whether the sources are heard could not be asked." : "Looking whether the sources are heard…"}
      </Empty>
    );
  }
  const { sources } = status.data;
  const heard = sources.filter((s) => s.standing === "heard").length;
  const to = (
    <Link to="/sources" className="rf-link" style={{ textDecoration: "underline" }}>
      Look at the sources
    </Link>
  );
  if (heard === 0) {
    return (
      <Empty mood="blind" title="No alerts, for nothing is heard">
        {sources.length === 0 ? "No source is known. " : "Not one source sends. "}
        {to}
      </Empty>
    );
  }
  const silent = sources.filter((s) => s.standing === "silent").length;
  if (silent > 0) {
    return (
      <Empty mood="blind" title={`Nothing is open, but ${plural(silent, "source is", "sources are")} silent`}>
        What they would have told is not judged. {to}
      </Empty>
    );
  }
  return (
    <Empty mood="calm" title="Nothing is open">
      {plural(heard, "source is", "sources are")} heard, and no rule found anything that is not judged.
    </Empty>
  );
}
